//! No proof and no plan comes from nothing.

use credit_gateway::journey::{
    record::Recorded,
    stages::{
        accept::Asked, admit::Admitted, authorise::Permitted, fetch::Fetched, ground::Grounded, identify::Identified,
        minimise::Answer,
    },
};
use credit_policy::Permit;

fn from_nothing<T: Default>() {}

fn main() {
    from_nothing::<Identified>();
    from_nothing::<Asked>();
    from_nothing::<Grounded>();
    from_nothing::<Permitted>();
    from_nothing::<Admitted>();
    from_nothing::<Fetched>();
    from_nothing::<Answer>();
    from_nothing::<Recorded>();
    from_nothing::<Permit>();
}
