//! What is wrong with a route.

use super::template::TemplateFault;
use crate::stores::map::MapError;

/// Why a route cannot be served: which one, which member of its, and what to write instead.
#[derive(Debug, thiserror::Error)]
#[error("route `{route}`: {what}")]
pub(crate) struct RouteError {
    pub(super) route: String,
    pub(super) what: RouteFault,
}

/// What is wrong. Each says itself what.
#[derive(Debug, thiserror::Error)]
pub(super) enum RouteFault {
    #[error(transparent)]
    Template(#[from] TemplateFault),
    #[error("the catalogue has no scenario `{0}` that institutions may use")]
    Scenario(String),
    #[error("there is no store `{0}` of kind http")]
    Store(String),
    #[error("the header `{0}` is not one that a route may send")]
    Header(String),
    #[error("another route has its method and path")]
    Same,
    #[error(transparent)]
    Map(#[from] MapError),
    #[error("member `{member}`: {what}")]
    Member { member: String, what: MemberFault },
}

/// What is wrong with a member.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MemberFault {
    #[error("another member stands at its path, or it is `[]` beside others")]
    Clash,
    #[error("the scenario `{scenario}` does not release the field `{field}`")]
    Field { scenario: String, field: String },
    #[error("the field `{0}` rests on entries: give the `source` of the map that they are of")]
    Derived(String),
    #[error("no field of the scenario `{scenario}` rests on `{class}` alone")]
    Class { scenario: String, class: String },
    #[error(
        "the scenario `{0}` answers yes or no alone, and entries say more: give the `field` that is answered instead"
    )]
    YesNoOnly(String),
    #[error("the map of the route has no source `{0}` with `entries = true`")]
    Source(String),
    #[error("its entries are records or on lists: attributes have a member of their own")]
    Attributes,
    #[error(
        "give `show`, the members of an entry that may leave, or `field`, which is answered instead of the entries"
    )]
    ShowsNothing,
    #[error("`show` belongs to members with a `source`")]
    Shows,
}
