//! The stages of the journey, a file each. Each makes one proof that only it can make and that owns what it proved; the
//! next stage takes it by value. Every proof lends the one evidence of its query, so that it cannot meet another's.

pub(crate) mod accept;
pub(crate) mod admit;
pub(crate) mod authorise;
pub(crate) mod fetch;
pub(crate) mod ground;
pub(crate) mod identify;
pub(crate) mod minimise;
pub(crate) mod on_behalf;
mod repeat;
pub(crate) mod report_case;
pub(crate) mod report_feedback;
pub(crate) mod withdraw;
