//! What programs read in the descriptors beside messages and calls.

use prost_reflect::DescriptorPool;
use siegel_oidc::catalogue::CATALOGUE;

#[test]
fn every_name_of_an_attribute_has_its_claim_and_its_oid_as_options() {
    let pool = DescriptorPool::decode(siegel_proto::DESCRIPTORS).unwrap();
    let names = pool.get_enum_by_name("siegel.account.v1.AttributeName").unwrap();
    let option = |of: &prost_reflect::EnumValueDescriptor, name: &str| {
        let option = pool.get_extension_by_name(&format!("siegel.account.v1.{name}")).unwrap();
        let options = of.options();
        options.get_extension(&option).as_str().unwrap().to_owned()
    };
    assert_eq!(names.values().count(), CATALOGUE.len() + 1, "and one for names not known");
    for row in CATALOGUE {
        let value = names.get_value(row.number).unwrap();
        assert_eq!(option(&value, "claim"), row.name);
        assert_eq!(option(&value, "oid"), row.oid);
    }
}
