//! The names of the schema, as Cedar takes them.

use std::str::FromStr;

use cedar_policy::{EntityId, EntityTypeName, EntityUid};

/// The names of the schema's types, parsed once.
#[derive(Clone, Debug)]
pub(super) struct Types {
    pub(super) action: EntityTypeName,
    pub(super) asker: EntityTypeName,
    pub(super) class: EntityTypeName,
    pub(super) disclosure: EntityTypeName,
    pub(super) field: EntityTypeName,
    pub(super) gateway: EntityTypeName,
    pub(super) ground: EntityTypeName,
    pub(super) holding: EntityTypeName,
    pub(super) origin: EntityTypeName,
    pub(super) scenario: EntityTypeName,
    pub(super) sensitivity: EntityTypeName,
    pub(super) shape: EntityTypeName,
    pub(super) standing: EntityTypeName,
    pub(super) tier: EntityTypeName,
}

impl Types {
    pub(super) fn new() -> Result<Self, String> {
        let name = |name: &str| EntityTypeName::from_str(name).map_err(|error| error.to_string());
        Ok(Self {
            action: name("Action")?,
            asker: name("Asker")?,
            class: name("Class")?,
            disclosure: name("Disclosure")?,
            field: name("Field")?,
            gateway: name("Gateway")?,
            ground: name("Ground")?,
            holding: name("Holding")?,
            origin: name("Origin")?,
            scenario: name("Scenario")?,
            sensitivity: name("Sensitivity")?,
            shape: name("Shape")?,
            standing: name("Standing")?,
            tier: name("Tier")?,
        })
    }
}

pub(super) fn uid(of: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(of.clone(), EntityId::new(id))
}
