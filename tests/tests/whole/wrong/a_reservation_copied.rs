//! What is reserved once is spent once.

use credit_gateway::for_tests::Reservation;

fn wrong(reservation: Reservation) {
    reservation.spend(7, uuid::Uuid::nil(), jiff::Timestamp::UNIX_EPOCH);
    reservation.spend(7, uuid::Uuid::nil(), jiff::Timestamp::UNIX_EPOCH);
}

fn main() {}
