use super::*;

fn secret(byte: u8) -> RootSecret {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pseudonym-key");
    std::fs::write(&file, [byte; 32]).unwrap();
    RootSecret::load(&file, false, &siegel_testkit::CountingEntropy::default()).unwrap()
}

fn card(byte: u8) -> SimulatedCard {
    SimulatedCard::new(Profile::Sandbox, "http://localhost:8080", secret(byte)).unwrap()
}

fn pseudonym(card: &SimulatedCard, persona: &str) -> String {
    card.identify(persona, &[]).unwrap().pseudonym
}

#[test]
fn production_refuses_the_simulated_card_and_names_the_line() {
    let error = SimulatedCard::new(Profile::Production, "https://a.example", secret(1));
    let error = error.err().unwrap();
    assert!(error.to_string().contains("change `source` in [eid]"), "{error}");
}

#[test]
fn a_card_has_one_pseudonym_per_installation() {
    let (here, there) = (card(1), card(2));
    assert_eq!(pseudonym(&here, "erika"), pseudonym(&card(1), "erika"));
    assert_ne!(pseudonym(&here, "erika"), pseudonym(&here, "max"));
    assert_ne!(pseudonym(&here, "erika"), pseudonym(&there, "erika"));
}

#[test]
fn only_what_was_asked_for_and_is_on_the_card_is_read() {
    let claims = Claim::parse_list(["family_name", "birth_name"]).unwrap();
    let read = |persona: &str| card(1).identify(persona, &claims).unwrap().attributes;
    let names = |persona| read(persona).into_iter().map(|(c, _)| c.as_str()).collect::<Vec<_>>();
    assert_eq!(names("erika"), ["family_name", "birth_name"]);
    assert_eq!(names("max"), ["family_name"], "Max has no birth name");
}

#[test]
fn a_card_answers_the_pin_like_a_card() {
    let card = card(1);
    let answer = |id: &str, pin: &str| SimulatedCard::enter_pin(card.persona(id).unwrap(), pin);
    assert_eq!(answer("erika", "123456"), PinAnswer::Opens);
    assert_eq!(answer("erika", "000000"), PinAnswer::Wrong);
    assert_eq!(answer("erika", "12345"), PinAnswer::Malformed);
    assert_eq!(answer("erika", "١٢٣٤٥٦"), PinAnswer::Malformed);
    assert_eq!(answer("karl", "123456"), PinAnswer::Unusable, "expired");
    assert_eq!(answer("karl", "000000"), PinAnswer::Wrong, "the PIN comes first");
    assert_eq!(answer("berta", "123456"), PinAnswer::Unusable, "blocked");
}
