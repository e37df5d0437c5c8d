# Gemeinsame Texte aller Seiten
skip-to-content = Zum Inhalt springen
sandbox-title = Testumgebung
sandbox-text = Hier ist nichts rechtsgültig. Bitte keine echten Daten eingeben.
nav-main = Hauptnavigation
nav-language = Sprache
nav-footer = Rechtliches
nav-pages = Seiten
person-signed-in = Angemeldet als
person-logout = Abmelden
back = Zurück
title-error = Fehler:
errors-title = { $n ->
    [one] Bitte prüfen Sie eine Angabe
   *[other] Bitte prüfen Sie { $n } Angaben
}
optional = optional
steps-of = Schritt { $n } von { $of }
pages-previous = Vorherige Seite
pages-next = Nächste Seite
pages-of = Seite { $n } von { $of }
source = Quelle: { $source }
level = Vertrauensniveau
level-of = { $n } von 4
level-basic = Basisregistrierung
level-low = niedrig
level-substantial = substanziell
level-high = hoch
error-reference = Vorgangsnummer für Rückfragen:
error-home = Zur Startseite

# Fehlerseiten: Überschrift und Text
problem-invalid = Die Angaben sind unvollständig
problem-invalid-text = Mit diesem Link oder Formular können wir nichts anfangen. Gehen Sie bitte zurück und versuchen Sie es noch einmal.
problem-sign-in = Bitte melden Sie sich an
problem-sign-in-text = Diese Seite sehen nur angemeldete Personen. Vielleicht ist Ihre Anmeldung abgelaufen.
problem-forbidden = Das ist hier nicht möglich
problem-forbidden-text = Sie dürfen diese Seite nicht sehen oder diesen Schritt nicht ausführen.
problem-form-expired = Das Formular ist nicht mehr gültig
problem-form-expired-text = Es wurde nichts gespeichert. Gehen Sie bitte zurück, laden Sie die Seite neu und senden Sie das Formular noch einmal ab. Ihr Browser muss dafür Cookies dieser Website annehmen.
problem-cross-origin = Diese Anfrage kam von einer anderen Website
problem-cross-origin-text = Zu Ihrem Schutz wurde sie nicht ausgeführt. Öffnen Sie die gewünschte Seite bitte direkt bei uns.
problem-not-found = Diese Seite gibt es nicht
problem-not-found-text = Vielleicht ist die Adresse unvollständig, oder die Seite wurde entfernt.
problem-conflict = Inzwischen hat sich etwas geändert
problem-conflict-text = Laden Sie die Seite bitte neu und prüfen Sie, ob Ihr Schritt noch nötig ist.
problem-expired = Das ist abgelaufen
problem-expired-text = Dieser Link oder Vorgang war nur kurze Zeit gültig. Beginnen Sie bitte von vorn.
problem-too-large = Das ist zu groß
problem-too-large-text = Die gesendeten Daten überschreiten die erlaubte Größe. Es wurde nichts gespeichert.
problem-too-many = Zu viele Versuche
problem-too-many-text = Bitte warten Sie einen Moment und versuchen Sie es dann noch einmal.
problem-unavailable = Der Dienst ist gerade nicht erreichbar
problem-unavailable-text = Bitte versuchen Sie es in einigen Minuten noch einmal. Ihre Daten sind sicher.
problem-internal = Da ist etwas schiefgegangen
problem-internal-text = Der Fehler liegt bei uns. Bitte versuchen Sie es später noch einmal.
