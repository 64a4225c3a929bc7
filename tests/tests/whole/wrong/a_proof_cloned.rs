//! A proof is not copied.

use credit_gateway::journey::{
    record::Recorded,
    stages::{
        accept::Asked, admit::Admitted, authorise::Permitted, fetch::Fetched, ground::Grounded, identify::Identified,
        minimise::Answer,
    },
};

fn copied<T: Clone>() {}

fn main() {
    copied::<Identified>();
    copied::<Asked>();
    copied::<Grounded>();
    copied::<Permitted>();
    copied::<Admitted>();
    copied::<Fetched>();
    copied::<Answer>();
    copied::<Recorded>();
}
