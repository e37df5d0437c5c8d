# Seite der simulierten Karte
title = Online ausweisen (Simulation)
simulation = Simulation
simulation-text = Hier wird kein echter Ausweis gelesen. Alle Personen sind erfunden. Geben Sie nicht Ihre eigene PIN ein.
who-asks = Wer fragt
recipient = Anbieter
purpose = Zweck
data = Diese Daten werden übermittelt
show-card = Karte auflegen
persona = Karte
persona-hint = Wählen Sie die Person, deren Karte Sie auflegen.
persona-missing = Wählen Sie eine Karte aus der Liste.
pin = PIN
pin-hint = Sechs Ziffern, zum Beispiel 123456. 000000 gilt als falsche PIN.
pin-malformed = Die PIN hat sechs Ziffern.
pin-wrong = { $n ->
    [one] Die PIN war falsch. Sie haben noch einen Versuch; danach ist die Karte gesperrt.
   *[other] Die PIN war falsch. Sie haben noch { $n } Versuche.
}
identify = Identifizieren
cancel = Abbrechen
card-id = Personalausweis
card-residence-permit = elektronischer Aufenthaltstitel
card-union-citizen = eID-Karte für Unionsbürger
card-expired = abgelaufen
card-blocked = gesperrt

# Datengruppen
claim-title = Doktorgrad
claim-given_name = Vornamen
claim-family_name = Familienname
claim-birth_name = Geburtsname
claim-date_of_birth = Geburtsdatum
claim-place_of_birth = Geburtsort
claim-nationality = Staatsangehörigkeit
claim-street_and_building = Straße und Hausnummer
claim-zip_code = Postleitzahl
claim-city = Wohnort
claim-country = Land
claim-document_type = Dokumentenart
claim-pseudonym = Pseudonym der Karte für diesen Anbieter
