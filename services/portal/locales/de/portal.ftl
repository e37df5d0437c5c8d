# Navigation
nav-home = Start
nav-account = Konto
nav-postbox = Postfach
nav-organisation = Organisationen
nav-verify = Beleg prüfen
my-account = Mein Konto
save = Speichern
cancel = Abbrechen

# Startseite
home = Ihr Konto und Ihr Postfach für Behörden
home-lead = Einmal anmelden, bei vielen Behörden nutzen. Bescheide kommen in Ihr Postfach, und jeder Schritt ist belegt.
home-sign-in = Anmelden oder Konto anlegen
home-register = Sie haben noch kein Konto? Im nächsten Schritt können Sie eines anlegen.
home-account = Ihre Angaben, woher sie stammen und wer sie erhalten hat.
home-postbox = Briefe von Behörden, mit Beleg für jeden Schritt.
home-organisation = Für Ihren Betrieb oder Verein handeln und dessen Post lesen.
home-verify = Prüfen, ob ein Beleg echt und unverändert ist. Ohne Anmeldung.
home-sandbox = Zum Ausprobieren
home-sandbox-text = Dies ist eine Testumgebung mit simuliertem Ausweis und eigenem Mail-Eingang.
home-sandbox-link = Zu den Werkzeugen der Testumgebung

# Anmeldung
login-again = Noch einmal anmelden
login-unknown = Diese Anmeldung gehört nicht zu diesem Browser
login-unknown-text = Vielleicht hat sie zu lange gedauert, oder Sie haben sie in einem anderen Browser begonnen. Es ist nichts geschehen.
login-cancelled = Die Anmeldung wurde abgebrochen
login-cancelled-text = Sie können jederzeit von vorn beginnen.
login-level = Das nötige Vertrauensniveau wurde nicht erreicht
login-level-text = Für den gewünschten Schritt müssen Sie sich sicherer ausweisen, zum Beispiel mit dem Online-Ausweis.
login-failed = Die Anmeldung hat nicht geklappt
login-failed-text = Die Antwort auf Ihre Anmeldung war nicht vertrauenswürdig oder unvollständig. Zu Ihrem Schutz wurden Sie nicht angemeldet.
sign-in-again = Ihre Anmeldung ist abgelaufen
sign-in-again-text = Zu Ihrem Schutz endet eine Anmeldung nach einiger Zeit. Melden Sie sich bitte noch einmal an; danach kommen Sie hierher zurück.
sign-in-again-link = Anmelden und zurückkehren
unavailable = Der Dienst ist gerade nicht erreichbar
unavailable-text = Bitte versuchen Sie es in einem Moment noch einmal. Ihre Daten sind sicher.
unavailable-link = Noch einmal versuchen
step-up = Dafür brauchen Sie Vertrauensniveau „{ $level }“
step-up-needed = Nötig
step-up-held = Sie haben gerade
step-up-how = Weisen Sie sich mit dem Online-Ausweis aus. Danach kommen Sie hierher zurück.
step-up-link = Jetzt ausweisen
step-up-back = Zurück
step-up-why-page = Dieser Schritt ist besonders geschützt.
step-up-why-letter = Die Behörde hat festgelegt, wie sicher Sie sich ausweisen müssen, bevor Sie diesen Brief öffnen.
step-up-why-organisation = Wer eine Organisation anlegt, muss sicher ausgewiesen sein.

# Konto
account = Ihr Konto
account-nav = Bereiche des Kontos
account-overview = Übersicht
account-level = Ihr Vertrauensniveau
account-proven = Höchstes Niveau, das Sie je nachgewiesen haben:
account-raise = Mit Online-Ausweis auf „hoch“ anheben
account-raise-text = Mit dem Online-Ausweis öffnen Sie auch Briefe, die ein höheres Niveau verlangen.
account-attributes = Ihre Angaben
account-attributes-text = Zu jeder Angabe sehen Sie, woher sie stammt und wie sicher sie ist. Behörden erhalten sie nur, wenn Sie zustimmen.
account-attributes-none = Es sind noch keine Angaben gespeichert.
account-edit = Eigene Angaben bearbeiten
account-change = Ändern
account-opened = Konto angelegt am { $at }
level-basic-means = Sie haben sich mit E-Mail-Adresse und Passwort angemeldet. Wer Sie sind, ist damit nicht nachgewiesen.
level-low-means = Ihre Identität ist mit einem einfachen Verfahren nachgewiesen.
level-substantial-means = Ihre Identität ist mit einem sicheren Verfahren nachgewiesen. Das genügt für die meisten Anträge.
level-high-means = Sie haben sich mit dem Online-Ausweis ausgewiesen. Sicherer geht es nicht. Dieses Niveau gilt nur kurze Zeit.
source-unknown = unbekannt
source-self = selbst eingetragen
source-confirmed = bestätigt
source-eid = Online-Ausweis
source-upstream = anderes Nutzerkonto
source-operator = von einer Behörde eingetragen

# Angaben
attributes = Eigene Angaben bearbeiten
attributes-text = Was aus Ihrem Ausweis stammt, können Sie hier nicht ändern. Alles andere ist freiwillig.
attribute-salutation = Anrede
attribute-title = Doktorgrad oder Titel
attribute-given-name = Vornamen
attribute-family-name = Familienname
attribute-birth-name = Geburtsname
attribute-date-of-birth = Geburtsdatum
attribute-place-of-birth = Geburtsort
attribute-nationality = Staatsangehörigkeit
attribute-street-and-building = Straße und Hausnummer
attribute-zip-code = Postleitzahl
attribute-city = Ort
attribute-country = Land
attribute-email = E-Mail-Adresse
attribute-telephone = Telefon
attribute-demail = De-Mail-Adresse
attribute-document-type = Art des Ausweises
attribute-community-id = Gemeindeschlüssel
attribute-eidas-country = Ausstellendes Land
salutation-none = Keine Angabe
salutation-0 = Ohne Anrede
salutation-1 = Herr
salutation-2 = Frau
hint-date = Jahr, Monat und Tag mit Bindestrichen, zum Beispiel 1964-08-12
hint-country = Zwei Großbuchstaben, zum Beispiel DE
hint-nationality = Ein bis drei Großbuchstaben wie im Reisepass, zum Beispiel D
hint-phone = Mit Ländervorwahl, zum Beispiel +49 385 5450
attribute-is-verified = Diese Angabe ist inzwischen nachgewiesen und kann nicht mehr von Hand geändert werden.
attribute-not-plain = Bitte nur eine Zeile ohne Steuerzeichen.
attribute-too-long = Das ist zu lang.
attribute-not-listed = Bitte wählen Sie etwas aus der Liste.
attribute-not-an-email = Bitte eine E-Mail-Adresse wie name@example.org.

# Einwilligungen und Weitergaben
consents = Einwilligungen
consents-text = Diesen Diensten haben Sie erlaubt, Angaben zu erhalten. Nach dem Widerruf fragt der Dienst beim nächsten Mal wieder.
consents-none = Sie haben keine dauerhaften Einwilligungen gegeben.
consent-given = Erteilt am
consent-withdraw = Widerrufen
attributes-released = Angaben
purpose = Zweck
disclosures = Weitergaben
disclosures-text = Wer Angaben über Sie erhalten hat, wann und wozu.
disclosures-none = Bisher hat niemand Angaben über Sie erhalten.
disclosures-caption = Weitergaben, die neuesten zuerst
disclosed-at = Wann
disclosed-to = An wen
disclosed-level = Vertrauensniveau der Anmeldung

# Sicherheit
security = Sicherheit
security-text = Womit Sie sich anmelden, und wo Sie gerade angemeldet sind.
credentials = Anmeldemittel
credential-password = E-Mail-Adresse und Passwort
credential-eid = Online-Ausweis
credential-added = Hinzugefügt am { $at }
credential-used = Zuletzt benutzt am { $at }
sessions = Anmeldungen
sessions-text = Eine Anmeldung, die Sie nicht kennen? Beenden Sie sie: wer dort angemeldet ist, wird sofort abgemeldet.
session-started = Angemeldet am { $at }
session-seen = Zuletzt benutzt am { $at }
session-current = diese hier
session-end = Beenden

# Organisationen
organisations = Ihre Organisationen
organisations-text = Betriebe, Vereine und andere, für die Sie handeln.
organisations-none = Sie gehören noch zu keiner Organisation.
organisation-new = Organisation anlegen
organisation-new-text = Sie werden die erste verantwortliche Person dieser Organisation.
organisation-create = Anlegen
organisation-name = Name
organisation-name-missing = Bitte geben Sie den Namen an.
organisation-legal-form = Rechtsform
organisation-legal-form-hint = Zum Beispiel GmbH, e. V. oder Einzelunternehmen
organisation-legal-form-missing = Bitte geben Sie die Rechtsform an.
organisation-register = Register
organisation-register-kind = Register
organisation-court = Registergericht
organisation-number = Registernummer
organisation-number-hint = Höchstens 11 Buchstaben und Ziffern
organisation-invalid = Bitte prüfen Sie die Angaben zum Register.
organisation-level = Nachgewiesen auf Niveau
organisation-created = Angelegt am
organisation-role = Ihre Rolle
organisation-mailbox = Postfach öffnen
register-none = Nicht eingetragen
register-hra = Handelsregister A
register-hrb = Handelsregister B
register-vr = Vereinsregister
register-gr = Genossenschaftsregister
register-pr = Partnerschaftsregister
role-owner = Verantwortliche Person
role-administrator = Verwaltung
role-case-worker = Sachbearbeitung
role-mail-receiver = Postempfang
role-read-only = Nur lesen

# Postfach
postbox = Ihr Postfach
postbox-text = Briefe von Behörden, die neuesten zuerst. Die Liste anzusehen hat keine rechtliche Wirkung.
postbox-of = Postfach der Organisation „{ $name }“
letters-filter = Briefe auswählen
letters-all = Alle ({ $n })
letters-unread = Ungelesene ({ $n })
letters-important = Wichtige
letters-none = Hier sind keine Briefe.
letter-important = Wichtig
letter-new = Neu
letter-opened-at = Geöffnet am { $at }
letter-announced-on = Gilt als bekanntgegeben am { $day }
sender-hidden = Absender noch nicht sichtbar
subject-hidden = Betreff noch nicht sichtbar
attachments = Anhänge
attachments-all = Alle Anhänge herunterladen (ZIP)
attachments-archive = Anhänge.zip
attachment-scanned = Auf Viren geprüft
attachment-not-scanned = Nicht auf Viren geprüft
attachment-blocked = Gesperrt: In diesem Anhang wurde nachträglich ein Virus gefunden.
attachments-count = { $n ->
    [one] 1 Anhang
   *[other] { $n } Anhänge
}
type-information = Mitteilung
type-status = Stand eines Antrags
type-decision = Bescheid
type-formal-service = Förmliche Zustellung
type-documents = Bitte um Unterlagen
type-application = Kopie eines Antrags
state-accepted = In Bearbeitung
state-provided = Abrufbar
state-opened = Geöffnet
state-deemed-announced = Gilt als bekanntgegeben
state-provision-ended = Frist zum Abruf ist vorbei
state-expired = Ungelesen abgelaufen
state-confirmed = Empfang bestätigt
state-refused = Annahme verweigert
state-deemed-served = Gilt als zugestellt
state-recalled = Zurückgerufen
state-undeliverable = Nicht zustellbar

search = Postfach durchsuchen
search-hint = Wörter aus Absender, Betreff oder Aktenzeichen; bei geöffneten Briefen auch aus dem Text und den Dateinamen
search-go = Suchen
search-title = Suche in Ihrem Postfach
search-malformed = Bitte geben Sie ein bis zehn Wörter ein, zusammen höchstens 200 Zeichen.
search-found = { $n ->
    [0] Kein Brief gefunden
    [one] 1 Brief gefunden
   *[other] { $n } Briefe gefunden
}
search-found-many = Mehr als tausend Briefe gefunden
search-further = Weitere Treffer
search-end = Alle Briefe anzeigen

# Einstellungen des Postfachs
postbox-settings = Einstellungen des Postfachs
postbox-settings-text = Sie bestimmen, wer Ihnen hierher schreiben darf.
opt-out-general = Briefe in das Postfach
opt-out-general-allowed = Sie erhalten Briefe von Behörden in dieses Postfach.
opt-out-general-excluded = Sie wollen keine Briefe in dieses Postfach. Nur ausdrücklich zugelassene Absender können Ihnen hierher schreiben.
opt-out-text = Das Postfach ist freiwillig. Wenn Sie es ausschließen, müssen Behörden Ihnen auf anderem Weg schreiben, zum Beispiel mit der Post. Briefe, die schon hier sind, bleiben und wirken weiter. Was das Gesetz trotz Ihrer Wahl hierher schickt, kommt weiterhin an.
opt-out-general-exclude = Keine Briefe mehr erhalten
opt-out-general-allow = Wieder Briefe erhalten
opt-out-senders = Absender
opt-out-senders-text = Diese Stellen können Ihnen schreiben. Ihre Wahl zu einem Absender geht der allgemeinen vor.
opt-out-senders-none = Zurzeit kann Ihnen keine Stelle schreiben.
opt-out-senders-more = Weitere Absender
opt-out-sender-allowed = Briefe kommen an
opt-out-sender-excluded = Briefe sind ausgeschlossen
opt-out-sender-exclude = Ausschließen
opt-out-sender-allow = Zulassen
handles = Adressen Ihres Postfachs
handles-text = Absender kennen Ihr Postfach nur unter einer Nummer, in jedem Bereich unter einer anderen. Wenn Sie eine beenden, erreicht Sie dort niemand mehr, bis Sie sich in diesem Bereich wieder anmelden und eine neue weitergeben.
handles-none = Sie haben noch keine Adresse weitergegeben.
handle-sector = Bereich { $sector }
handle-issued = Weitergegeben am { $at }
handle-revoked = Beendet am { $at }
handle-revoke = Beenden
choices = Ihre bisherigen Entscheidungen
choices-text = Jede Entscheidung wird mit Zeitpunkt und Fassung des Hinweises festgehalten.
choices-none = Sie haben noch nichts entschieden.
choice-everybody = alle Absender
choice-excluded = { $at }: { $whom } ausgeschlossen (Hinweis { $wording })
choice-allowed = { $at }: { $whom } zugelassen (Hinweis { $wording })
choice-general = { $at }: { $whom } wie alle Absender (Hinweis { $wording })

# Brief
letter-sender = Absender
letter-type = Art
letter-state = Stand
letter-provided = Abrufbar seit
letter-opened = Geöffnet am
letter-announced = Frist
letter-level = Nötiges Vertrauensniveau
letter-case = Aktenzeichen
letter-effect = Was das Öffnen bedeutet
letter-open = Öffnen
letter-read = Brief lesen
letter-answer = Empfangsbekenntnis
letter-answer-text = Die Behörde stellt diesen Brief förmlich zu. Bestätigen Sie den Empfang, gilt er heute als zugestellt. Das lässt sich nicht zurücknehmen.
letter-confirm = Empfang bestätigen
letter-refuse = Annahme verweigern
letter-refuse-title = Annahme verweigern?
letter-refuse-text = Die Behörde erfährt, dass Sie diesen Brief nicht annehmen, und kann ihn auf anderem Weg zustellen. Das lässt sich nicht zurücknehmen.
letter-refuse-back = Nicht verweigern
letter-raise = Ausweisen und Niveau „{ $level }“ erreichen
letter-level-too-low = Ihr Vertrauensniveau reicht noch nicht
letter-level-needed = Dieser Brief verlangt „{ $needed }“, Sie haben gerade „{ $held }“.
letter-level-ran-out = Dieser Brief verlangt „{ $needed }“. Dieses Niveau gilt nur kurze Zeit, bitte weisen Sie sich noch einmal aus.
letter-about = Zu diesem Brief
letter-text-in = Text: { $language }
letter-easy-text = Leichte Sprache: { $language }
language-de = Deutsch
language-en = Englisch

# Belege
receipts = Belege zu diesem Brief
receipts-text = Jeder Beleg ist signiert und lässt sich ohne uns prüfen. Zum Aufbewahren: herunterladen oder diese Seite drucken.
receipts-none = Zu diesem Brief gibt es noch keine Belege.
receipts-all = Alle Belege zu diesem Brief
receipts-check = Belege prüfen
receipts-check-text = Wer Ihnen nicht glaubt, kann selbst prüfen:
receipts-keys = Veröffentlichte Schlüssel herunterladen
receipt-yours = Ihr Beleg
receipt-yours-text = Dieser Beleg hält fest, dass und wann der Brief geöffnet wurde. Die absendende Behörde hat den gleichen.
receipt-proves = Das ist nachgewiesen:
receipt-proves-not = Das ist nicht nachgewiesen:
receipt-thumbprint = Fingerabdruck des Schlüssels (SHA-256):
receipt-unverified = Die veröffentlichten Schlüssel sind gerade nicht erreichbar. Der Beleg ist hier nicht geprüft.
receipt-download = Beleg herunterladen (JSON)
receipt-document = Beleg als PDF
proof = Nachweis
proof-text = Alles, was zu diesem Brief belegt ist, in einem Archiv: Belege als Datei und als PDF, Schlüssel, Prüfprogramm.
proof-download = Nachweis herunterladen (ZIP)
mailbox-export-title = Postfach mitnehmen
mailbox-export-text = Geöffnete Briefe mit Anlagen und Belegen in einem Archiv. Ungeöffnete Briefe werden nur aufgeführt und bleiben ungeöffnet.
mailbox-export = Postfach herunterladen (ZIP)
receipt-accepted = Angenommen
receipt-provided = Zum Abruf bereitgestellt
receipt-notified = Benachrichtigt
receipt-notify-failed = Benachrichtigung fehlgeschlagen
receipt-opened = Geöffnet
receipt-opened-by-delegate = Von einer Vertretung geöffnet
receipt-downloaded = Heruntergeladen
receipt-deemed-announced = Gilt als bekanntgegeben
receipt-provision-ended = Bereitstellung beendet
receipt-expired = Ungelesen abgelaufen

# Prüfseite
verify = Beleg prüfen
verify-text = Laden Sie eine Belegdatei hoch. Wir prüfen Signatur und Inhalt gegen die veröffentlichten Schlüssel dieses Postfachs und speichern nichts.
verify-file = Belegdatei
verify-file-hint = Eine Datei mit der Endung .json, höchstens 256 kB
verify-missing = Bitte wählen Sie eine Datei aus.
verify-check = Prüfen
verify-holds = Der Beleg ist echt und unverändert
verify-holds-text = Er wurde mit einem Schlüssel signiert, den dieses Postfach veröffentlicht hat.
verify-holds-not = Der Beleg hält der Prüfung nicht stand
verify-yourself = Ohne uns prüfen
verify-yourself-text = Sie müssen dieser Seite nicht glauben: das Programm siegel prüft ohne Netz. Vergleichen Sie den Fingerabdruck mit dem, den die Behörde an anderer Stelle veröffentlicht.
