//! An answer is made of what was fetched for an admitted look-up, and of nothing else.

use credit_gateway::for_tests::{Admitted, Gateway, HttpExchange, Moment, minimise};

fn wrong(gateway: &Gateway, moment: &Moment, admitted: Admitted<'_>, exchange: &HttpExchange) {
    drop(minimise(gateway, moment, admitted, exchange));
}

fn main() {}
