//! Fields of records between the wire and the domain.

use siegel_grpc::invalid;
use siegel_proto::common::v1 as common;
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::field_value::Value as Wire;
use tonic::Status;

use crate::domain::fields::{Address, Coded, Entry, Field, Held, Value};

pub fn field(number: i32) -> Result<Field, Status> {
    Field::from_number(i64::from(number)).ok_or_else(|| invalid(&[("name", "is no field")]))
}

/// `None` for a value that is absent or empty.
pub fn value(wire: Option<pb::FieldValue>) -> Option<Value> {
    Some(match wire?.value? {
        Wire::Text(text) if text.is_empty() => return None,
        Wire::Text(text) => Value::Text(text),
        Wire::Coded(coded) => Value::Coded(Coded { code: coded.code, text: coded.text }),
        Wire::Register(register) => Value::Register(entry(register)),
        Wire::Address(told) => Value::Address(address(told)),
    })
}

pub fn entry(wire: pb::RegisterEntry) -> Entry {
    let pb::RegisterEntry { kind, court, number, place } = wire;
    Entry { kind, court, number, place }
}

pub fn address(wire: pb::OrganisationAddress) -> Address {
    Address {
        country: wire.country,
        street: wire.street,
        house_number: wire.house_number,
        postal_code: wire.postal_code,
        town: wire.town,
        district: wire.district,
        addition: wire.addition,
    }
}

pub fn written_entry(entry: Entry) -> pb::RegisterEntry {
    let Entry { kind, court, number, place } = entry;
    pb::RegisterEntry { kind, court, number, place }
}

pub fn written(held: Held) -> pb::RecordField {
    let editable = held.is_editable() && held.superseded_at.is_none();
    pb::RecordField {
        name: held.field.number(),
        value: held.value.map(|value| pb::FieldValue { value: Some(written_value(value)) }),
        source: held.source.number(),
        level: common::TrustLevel::from(held.level).into(),
        recorded_at: Some(convert::timestamp(held.recorded_at)),
        superseded_at: held.superseded_at.map(convert::timestamp),
        editable,
        provider: held.provider.unwrap_or_default(),
    }
}

fn written_value(value: Value) -> Wire {
    match value {
        Value::Text(text) => Wire::Text(text),
        Value::Coded(Coded { code, text }) => Wire::Coded(pb::CodedText { code, text }),
        Value::Register(entry) => Wire::Register(written_entry(entry)),
        Value::Address(told) => Wire::Address(pb::OrganisationAddress {
            country: told.country,
            street: told.street,
            house_number: told.house_number,
            postal_code: told.postal_code,
            town: told.town,
            district: told.district,
            addition: told.addition,
        }),
    }
}
