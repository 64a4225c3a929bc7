//! Nobody but the limits admits.

use credit_gateway::{journey::stages::{admit::Admitted, authorise::Permitted}, state::Reservation};

fn wrong(permitted: Permitted, reservation: Reservation) -> Admitted {
    Admitted { permitted, reservation }
}

fn main() {}
