hello = Guten Tag,
footer = Diese E-Mail wurde automatisch verschickt. Bitte antworten Sie nicht darauf.
never-ask = Wir fragen Sie nie per E-Mail oder Telefon nach diesem Code oder nach Ihrem Passwort.

registration-subject = Ihr Code für die Registrierung
registration-intro = mit diesem Code bestätigen Sie Ihre E-Mail-Adresse:
code-lifetime = Der Code gilt zehn Minuten.
registration-ignore = Sie haben sich nicht registriert? Dann müssen Sie nichts tun.

password-reset-subject = Ihr Code für ein neues Passwort
password-reset-intro = mit diesem Code legen Sie ein neues Passwort fest:
password-reset-ignore = Sie wollten kein neues Passwort? Dann müssen Sie nichts tun; Ihr altes gilt weiter.

already-registered-subject = Sie haben schon ein Konto
already-registered-intro = jemand wollte mit Ihrer E-Mail-Adresse ein Konto anlegen. Zu dieser Adresse gibt es schon eines.
already-registered-sign-in = Waren Sie das? Dann melden Sie sich einfach an:
already-registered-ignore = Waren Sie das nicht, müssen Sie nichts tun. An Ihrem Konto hat sich nichts geändert.

letter-provided-subject = In Ihrem Postfach liegt eine neue Nachricht
letter-provided-intro = in Ihrem Postfach liegt eine neue Nachricht für Sie.
letter-reminder-subject = In Ihrem Postfach liegt eine ungelesene Nachricht
letter-reminder-intro = in Ihrem Postfach liegt noch eine Nachricht, die Sie nicht geöffnet haben.
letter-level = Zum Öffnen brauchen Sie das Vertrauensniveau „{ $level }“.
letter-link = Zum Postfach:
letter-no-content = Aus Gründen des Datenschutzes nennt diese E-Mail weder Absender noch Inhalt.

level-basic = Basisregistrierung
level-low = niedrig
level-substantial = substanziell
level-high = hoch
