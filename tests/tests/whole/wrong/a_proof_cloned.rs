//! A proof is not copied.

use credit_gateway::for_tests::{Admitted, Answer, Asked, Fetched, Grounded, Identified, Permitted, Recorded};

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
