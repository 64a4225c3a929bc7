//! What statutes speak of, as Cedar's entities: classes, fields, scenarios, and the widths of consents.

use std::collections::{HashMap, HashSet};

use cedar_policy::{Entities, Entity, EntityTypeName, EntityUid, RestrictedExpression, Schema};
use jiff::Timestamp;

use super::types::{Types, uid};
use crate::asker::{Asker, Ground, InstitutionKind};
use crate::catalogue::class::{Class, Holding, Sensitivity, Tier};
use crate::catalogue::field::{Field, Origin, Shape};
use crate::catalogue::scenario::{Disclosure, Scenario};
use crate::consent::{Maxima, Period};

/// Classes, fields and scenarios: those of a catalogue, or ones that no catalogue has.
#[derive(Default)]
pub(crate) struct World<'a> {
    pub(crate) classes: Vec<ClassEntity<'a>>,
    pub(crate) fields: Vec<FieldEntity<'a>>,
    pub(crate) scenarios: Vec<ScenarioEntity<'a>>,
    /// The kinds of institution that count as another, each with that one.
    pub(crate) counted: Vec<(InstitutionKind, InstitutionKind)>,
}

/// A class of data.
pub(crate) struct ClassEntity<'a> {
    pub(crate) name: &'a str,
    pub(crate) holds: Holding,
    pub(crate) sensitivity: Sensitivity,
    pub(crate) tier: Tier,
}

/// A field with the classes that it rests on.
pub(crate) struct FieldEntity<'a> {
    pub(crate) name: &'a str,
    pub(crate) classes: Vec<&'a str>,
    pub(crate) sensitivities: Vec<Sensitivity>,
    pub(crate) origin: Origin,
    pub(crate) shape: Shape,
    pub(crate) tier: Tier,
}

/// A row of the application list.
#[derive(Clone)]
pub(crate) struct ScenarioEntity<'a> {
    pub(crate) name: &'a str,
    pub(crate) ground: Ground,
    pub(crate) disclosure: Disclosure,
    pub(crate) restraint: bool,
    pub(crate) basic_public_service: bool,
    pub(crate) yes_no_only: bool,
    pub(crate) askers: Vec<Asker>,
    pub(crate) fields: Vec<&'a str>,
    /// Those of them that something carries: by statute and for the public an article of the jurisdiction.
    pub(crate) grounded: Vec<&'a str>,
}

/// How wide a consent is, or may be: in seconds as its periods run from a day, and in uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Width {
    pub(crate) data_life: i64,
    pub(crate) frequency: i64,
    pub(crate) lifetime: i64,
    pub(crate) look_back: i64,
    pub(crate) uses: i64,
}

impl<'a> ClassEntity<'a> {
    pub(crate) fn of(class: &'a Class) -> Self {
        let (holds, sensitivity) = (class.holds(), class.sensitivity());
        Self { name: class.name().as_str(), holds, sensitivity, tier: class.tier() }
    }
}

impl<'a> FieldEntity<'a> {
    /// A field, with the sensitivities of its classes.
    pub(crate) fn of(field: &'a Field, class: impl Fn(&str) -> Option<&'a Class>) -> Self {
        let classes: Vec<_> = field.classes().iter().map(|name| name.as_str()).collect();
        let sensitivities = classes.iter().filter_map(|name| class(name)).map(Class::sensitivity).collect();
        let (origin, shape) = (field.origin(), field.shape());
        Self { name: field.name().as_str(), classes, sensitivities, origin, shape, tier: field.tier() }
    }
}

impl<'a> ScenarioEntity<'a> {
    pub(crate) fn of(row: &'a Scenario) -> Self {
        Self {
            name: row.name().as_str(),
            ground: row.ground(),
            disclosure: row.disclosure(),
            restraint: row.restraint(),
            basic_public_service: row.basic_public_service(),
            yes_no_only: row.yes_no_only(),
            askers: row.askers(),
            fields: row.field_rows().chain(row.withheld()).map(|field| field.name().as_str()).collect(),
            grounded: row.fields().iter().map(|name| name.as_str()).collect(),
        }
    }
}

impl World<'_> {
    pub(super) fn entities(&self, types: &Types, schema: &Schema) -> Result<Entities, String> {
        let classes = self.classes.iter().map(|class| class.entity(types));
        let fields = self.fields.iter().map(|field| field.entity(types));
        let scenarios = self.scenarios.iter().map(|scenario| scenario.entity(types));
        let counted = self.counted.iter().map(|(kind, other)| {
            let parents = HashSet::from([uid(&types.asker, other.as_str())]);
            entity(uid(&types.asker, kind.as_str()), [], parents)
        });
        let all = classes.chain(fields).chain(scenarios).chain(counted).collect::<Result<Vec<_>, _>>()?;
        Entities::from_entities(all, Some(schema)).map_err(|error| error.to_string())
    }
}

impl ClassEntity<'_> {
    fn entity(&self, types: &Types) -> Result<Entity, String> {
        let attributes = [
            ("holds", one(&types.holding, self.holds.as_str())),
            ("sensitivity", one(&types.sensitivity, self.sensitivity.as_str())),
            ("tier", one(&types.tier, self.tier.as_str())),
        ];
        entity(uid(&types.class, self.name), attributes, HashSet::new())
    }
}

impl FieldEntity<'_> {
    fn entity(&self, types: &Types) -> Result<Entity, String> {
        let attributes = [
            ("classes", set(&types.class, self.classes.iter().copied())),
            ("origin", one(&types.origin, self.origin.as_str())),
            ("sensitivities", set(&types.sensitivity, self.sensitivities.iter().map(|one| one.as_str()))),
            ("shape", one(&types.shape, self.shape.as_str())),
            ("tier", one(&types.tier, self.tier.as_str())),
        ];
        let classes = self.classes.iter().map(|name| uid(&types.class, name)).collect();
        entity(uid(&types.field, self.name), attributes, classes)
    }
}

impl ScenarioEntity<'_> {
    fn entity(&self, types: &Types) -> Result<Entity, String> {
        let attributes = [
            ("askers", set(&types.asker, self.askers.iter().map(|asker| asker.as_str()))),
            ("basic_public_service", RestrictedExpression::new_bool(self.basic_public_service)),
            ("disclosure", one(&types.disclosure, self.disclosure.as_str())),
            ("fields", set(&types.field, self.fields.iter().copied())),
            ("ground", one(&types.ground, self.ground.as_str())),
            ("grounded", set(&types.field, self.grounded.iter().copied())),
            ("restraint", RestrictedExpression::new_bool(self.restraint)),
            ("yes_no_only", RestrictedExpression::new_bool(self.yes_no_only)),
        ];
        entity(uid(&types.scenario, self.name), attributes, HashSet::new())
    }
}

fn entity<const N: usize>(
    uid: EntityUid,
    attributes: [(&str, RestrictedExpression); N],
    parents: HashSet<EntityUid>,
) -> Result<Entity, String> {
    let attributes: HashMap<_, _> = attributes.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Entity::new(uid, attributes, parents).map_err(|error| error.to_string())
}

fn one(of: &EntityTypeName, id: &str) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(uid(of, id))
}

fn set<'a>(of: &EntityTypeName, ids: impl Iterator<Item = &'a str>) -> RestrictedExpression {
    RestrictedExpression::new_set(ids.map(|id| one(of, id)))
}

impl Width {
    /// The maxima, as they run from that instant.
    pub(crate) fn of_maxima(maxima: &Maxima, start: Timestamp) -> Self {
        Self {
            data_life: seconds(maxima.data_life, start),
            frequency: long(maxima.frequency.uses),
            lifetime: seconds(maxima.lifetime, start),
            look_back: seconds(maxima.look_back, start),
            uses: long(maxima.uses),
        }
    }

    /// A consent issued at that instant for that long; its frequency in uses within the period of the maximum.
    pub(crate) fn of_consent(asked: &Maxima, lifetime_s: u64, maxima: &Maxima, start: Timestamp) -> Self {
        Self {
            data_life: seconds(asked.data_life, start),
            frequency: long(asked.frequency.most_within(maxima.frequency.per, start)),
            lifetime: long(lifetime_s),
            look_back: seconds(asked.look_back, start),
            uses: long(asked.uses),
        }
    }

    pub(super) fn expression(self) -> Result<RestrictedExpression, String> {
        let members = [
            ("data_life", self.data_life),
            ("frequency", self.frequency),
            ("lifetime", self.lifetime),
            ("look_back", self.look_back),
            ("uses", self.uses),
        ];
        let members = members.map(|(key, value)| (key.to_owned(), RestrictedExpression::new_long(value)));
        RestrictedExpression::new_record(members).map_err(|error| error.to_string())
    }
}

fn seconds(period: Period, start: Timestamp) -> i64 {
    period.end_from(start).duration_since(start).as_secs()
}

fn long(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
