//! Units, contact points and the legal form of an organisation.

use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::field_value::Value;

use super::organisation_fakes::{ABOVE_GROUND, BUILDING};
use super::world::World;

const UNITS: &str = "/organisation/org_1/units";

async fn signed_in() -> World {
    let mut world = World::new().await;
    world.log_in(UNITS).await;
    world
}

#[tokio::test]
async fn the_tree_shows_units_below_others_and_leads_to_each() {
    let mut world = signed_in().await;
    let page = world.browser.get(UNITS).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let below = format!(
        "<a class=\"kern-link\" href=\"{UNITS}/{BUILDING}\">Bau &#60;b&#62;</a> (2 Mitglieder)\
         <ul class=\"kern-list\"><li><a class=\"kern-link\" href=\"{UNITS}/{ABOVE_GROUND}\">"
    );
    assert!(page.body.contains(&below), "{below} is missing in {}", page.body);
    assert!(page.body.contains("Bau &#60;b&#62; › Hochbau"), "a unit is chosen by its whole path");
    assert!(page.body.contains("post@muster.example") && !page.body.contains("bau@muster.example"));
    let list = world.browser.get("/organisation/org_1/mailboxes").await;
    assert!(!list.body.contains("<b>"), "{}", list.body);
}

#[tokio::test]
async fn a_unit_is_made_below_another_and_one_without_a_name_is_explained() {
    let mut world = signed_in().await;
    world.browser.get(UNITS).await;
    let mut fields = [("form", "f"), ("what", "create"), ("name", " "), ("parent", ABOVE_GROUND)];
    let page = world.browser.post(UNITS, &fields).await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("höchstens 100 Zeichen") && page.body.contains("#name"));
    fields[2].1 = " Statik ";
    let page = world.browser.post(UNITS, &fields).await;
    assert_eq!((page.status, page.location.as_deref()), (303, Some(UNITS)));
    world.browser.post(UNITS, &fields).await;
    let told = world.services.firm.told();
    assert_eq!(
        (told.made[0].name.as_str(), &*told.made[0].parent_unit_id),
        ("Statik", ABOVE_GROUND)
    );
    assert_eq!(told.made[0].request_id, told.made[1].request_id, "a form sent twice is one write");
}

#[tokio::test]
async fn a_unit_is_renamed_and_never_offered_a_place_below_itself() {
    let mut world = signed_in().await;
    let way = format!("{UNITS}/{BUILDING}");
    let page = world.browser.get(&way).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let option = |id: &str| format!("<option value=\"{id}\"");
    assert!(!page.body.contains(&option(BUILDING)) && !page.body.contains(&option(ABOVE_GROUND)));
    let page = world.browser.get(&format!("{UNITS}/{ABOVE_GROUND}")).await;
    assert!(page.body.contains(&option(BUILDING)), "{}", page.body);
    let fields = [("form", "f"), ("what", "change"), ("name", "Tiefbau"), ("parent", "")];
    let page = world.browser.post(&way, &fields).await;
    assert_eq!((page.status, page.location.as_deref()), (303, Some(&*way)));
    let told = world.services.firm.told();
    assert_eq!((&*told.changed[0].unit_id, &*told.changed[0].name), (BUILDING, "Tiefbau"));
}

#[tokio::test]
async fn who_belongs_to_a_unit_is_ticked_in_one_form() {
    let mut world = signed_in().await;
    let way = format!("{UNITS}/{BUILDING}");
    let page = world.browser.get(&way).await;
    assert_eq!(page.body.matches(" checked").count(), 2, "{}", page.body);
    assert!(
        page.body.contains("Max &#60;u&#62; (") && page.body.contains("Gründerin oder Gründer")
    );
    let fields = [("form", "f"), ("what", "members"), ("member-mem_2", "1"), ("member-mem_3", "1")];
    assert_eq!(world.browser.post(&way, &fields).await.status, 303);
    assert_eq!(world.services.firm.told().members[0].member_ids, ["mem_2", "mem_3"]);
    let fields = [("form", "f"), ("what", "members")];
    world.browser.post(&way, &fields).await;
    assert!(world.services.firm.told().members[1].member_ids.is_empty(), "none empties it");
}

#[tokio::test]
async fn a_unit_with_others_below_it_says_so_instead_of_closing() {
    let mut world = signed_in().await;
    world.browser.get(UNITS).await;
    let fields = [("form", "f"), ("what", "close")];
    let page = world.browser.post(&format!("{UNITS}/{BUILDING}"), &fields).await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("noch Abteilungen unter sich"), "{}", page.body);
    let page = world.browser.post(&format!("{UNITS}/{ABOVE_GROUND}"), &fields).await;
    assert_eq!((page.status, page.location.as_deref()), (303, Some(UNITS)));
    assert_eq!(world.services.firm.told().closed[0].unit_id, ABOVE_GROUND);
}

#[tokio::test]
async fn contacts_belong_to_the_organisation_or_to_the_unit_of_the_page() {
    let mut world = signed_in().await;
    let way = format!("{UNITS}/{BUILDING}");
    let page = world.browser.get(&way).await;
    assert!(page.body.contains("bau@muster.example entfernen"), "{}", page.body);
    assert!(!page.body.contains("post@muster.example") && !page.body.contains("<i>"));
    let mut fields = [("form", "f"), ("what", "add"), ("kind", "2"), ("value", "x"), ("label", "")];
    let page = world.browser.post(&way, &fields).await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("zusammenpassen") && page.body.contains("value=\"x\""));
    fields[3].1 = "+49 385 1";
    assert_eq!(world.browser.post(&way, &fields).await.status, 303);
    assert_eq!(world.browser.post(UNITS, &fields).await.status, 303);
    world.browser.post(UNITS, &[("form", "f"), ("what", "remove"), ("contact", "ctp_1")]).await;
    let told = world.services.firm.told();
    let of: Vec<_> = told.contacts.iter().map(|one| one.unit_id.as_str()).collect();
    assert_eq!(of, [BUILDING, ""]);
    assert_eq!(told.removed[0].contact_point_id, "ctp_1");
}

#[tokio::test]
async fn who_manages_nothing_sees_units_and_no_form() {
    let mut world = signed_in().await;
    world.services.firm.told().reads_only = true;
    for way in [UNITS.to_owned(), format!("{UNITS}/{BUILDING}")] {
        let page = world.browser.get(&way).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let (_, main) = page.body.split_once("<main").unwrap();
        assert!(!main.contains("<form"), "{way}: {main}");
    }
    assert_eq!(world.browser.get(&format!("{UNITS}/unt_9")).await.status, 404);
}

#[tokio::test]
async fn the_legal_form_is_chosen_by_its_text_and_kept_by_its_code() {
    let mut world = signed_in().await;
    let record = "/organisation/org_1/record";
    let page = world.browser.get(record).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("<option value=\"350\">GmbH &#60;klein&#62;</option>"));
    let way = format!("{record}/legal-form");
    let page = world.browser.post(&way, &[("legal_form", "")]).await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("Bitte geben Sie die Rechtsform an"), "{}", page.body);
    let page = world.browser.post(&way, &[("legal_form", "510")]).await;
    assert_eq!((page.status, page.location.as_deref()), (303, Some(record)));
    {
        let told = world.services.firm.told();
        let coded = pb::CodedText { code: "510".into(), text: String::new() };
        let value = told.fields[0].value.clone().unwrap().value;
        assert_eq!(value, Some(Value::Coded(coded)));
    }
    assert_eq!(world.browser.get(&way).await.location.as_deref(), Some(record));
    world.services.firm.told().verified = true;
    let page = world.browser.get(record).await;
    assert!(!page.body.contains("<option value=\"350\""), "what was verified is not declared");
}
