//! No proof and no plan comes from nothing.

use credit_gateway::for_tests::{Admitted, Answer, Asked, Fetched, Grounded, Identified, Permitted, Recorded};
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
