# Page of the simulated card
title = Identify yourself online (simulation)
simulation = Simulation
simulation-text = No real card is read here. All persons are invented. Do not enter your own PIN.
who-asks = Who is asking
recipient = Provider
purpose = Purpose
data = This data will be sent
show-card = Present your card
persona = Card
persona-hint = Choose the person whose card you present.
persona-missing = Choose a card from the list.
pin = PIN
pin-hint = Six digits, for example 123456. 000000 counts as a wrong PIN.
pin-malformed = The PIN has six digits.
pin-wrong = { $n ->
    [one] The PIN was wrong. You have one try left; after that the card is blocked.
   *[other] The PIN was wrong. You have { $n } tries left.
}
identify = Identify
cancel = Cancel
card-id = identity card
card-residence-permit = electronic residence permit
card-union-citizen = eID card for citizens of the Union
card-expired = expired
card-blocked = blocked

# Data groups
claim-title = Doctoral degree
claim-given_name = Given names
claim-family_name = Family name
claim-birth_name = Name at birth
claim-date_of_birth = Date of birth
claim-place_of_birth = Place of birth
claim-nationality = Nationality
claim-street_and_building = Street and house number
claim-zip_code = Postcode
claim-city = Town
claim-country = Country
claim-document_type = Type of document
claim-pseudonym = The card's pseudonym for this provider
