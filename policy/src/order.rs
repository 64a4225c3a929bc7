//! The order of faults (formats.md §2): of several, the caller learns the first.

/// The steps of a query, in the order in which their faults win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// Is the certificate registered?
    Certificate,
    /// Is the institution suspended?
    Suspension,
    /// Can the gateway take the query at all? What fails here may come at any moment, when little else is known.
    Arrival,
    /// Head and body.
    Syntax,
    /// The scenario's name.
    Scenario,
    /// The operator's id.
    Operator,
    /// The case number.
    Case,
    /// The subject's number.
    Subject,
    /// May this kind of institution use the scenario?
    Allowed,
    /// The consent, where the ground is consent.
    Consent,
    /// The consent's width.
    Bounds,
    /// Fields that do not exist.
    Known,
    /// Fields that are not the scenario's, or that the consent does not cover.
    Fields,
    /// Is the person an adult?
    Adult,
    /// The other statutes that stand over every table.
    Statutes,
    /// Limits by person, case and consent.
    Limits,
    /// Look-up in the stores.
    Store,
}
