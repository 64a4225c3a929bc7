//! What is reserved once is spent once.

use credit_gateway::state::Reservation;

fn wrong(reservation: Reservation) {
    reservation.spend();
    reservation.spend();
}

fn main() {}
