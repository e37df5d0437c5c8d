op-bad-request-title = Die Anmeldung ist nicht möglich
op-bad-request = Die Anwendung, von der Sie kommen, hat eine fehlerhafte Anfrage gestellt. Gehen Sie dorthin zurück und versuchen Sie es noch einmal. Bleibt der Fehler, wenden Sie sich an deren Betreiber.
op-detail = Für die Fehlersuche
