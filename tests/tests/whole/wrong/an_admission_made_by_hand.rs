//! Nobody but the limits admits.

use credit_gateway::for_tests::{Admitted, Permitted, Reservation};

fn wrong<'e>(permitted: Permitted<'e>, reservation: Reservation) -> Admitted<'e> {
    let (basis, permit, evidence) = permitted.into_parts();
    Admitted { basis, permit, reservation, evidence }
}

fn main() {}
