//! What stores are asked for is what a permit says: no plan comes from nothing.

use credit_policy::FetchPlan;

fn from_nothing<T: Default>() {}

fn main() {
    from_nothing::<FetchPlan>();
}
