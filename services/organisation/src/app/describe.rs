use siegel_kernel::{OrganisationId, TrustLevel};

use super::{App, Failure};
use crate::domain::Organisation;
use crate::domain::fields::Field;
use crate::store::{fields, organisations};

/// What may be told of an organisation to an online service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    pub name: String,
    /// Name and value, those it has.
    pub attributes: Vec<(&'static str, String)>,
    pub identification_level: TrustLevel,
}

impl From<Organisation> for Description {
    fn from(organisation: Organisation) -> Self {
        let mut attributes = vec![("legal_form", organisation.legal_form)];
        if let Some(entry) = organisation.register {
            attributes.push(("register_kind", entry.kind.as_str().to_owned()));
            attributes.push(("register_court", entry.court));
            attributes.push(("register_number", entry.number));
        }
        attributes.retain(|(_, value)| !value.is_empty());
        let Organisation { name, identification_level, .. } = organisation;
        Self { name, attributes, identification_level }
    }
}

impl App {
    /// What may be told of an organisation.
    pub async fn describe(&self, id: OrganisationId) -> Result<Description, Failure> {
        let mut tx = self.db.read().await?;
        let found = organisations::find(&mut tx, id).await?;
        let mut found = found.ok_or(Failure::UnknownOrganisation)?;
        // Beside a level that was proven stands nothing that was only said.
        if found.identification_level > TrustLevel::Basic {
            let held = fields::current(&mut tx, id).await?;
            let said = |field| held.iter().any(|one| one.field == field && one.is_editable());
            if said(Field::LegalForm) {
                found.legal_form.clear();
            }
            if said(Field::Register) {
                found.register = None;
            }
        }
        Ok(found.into())
    }
}
