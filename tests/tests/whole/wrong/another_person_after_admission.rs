//! Whom a look-up is about cannot be changed once it is admitted.

use std::sync::Arc;

use credit_gateway::for_tests::{Admitted, Gateway, fetch};
use credit_policy::{CitizenNumber, Personal};

async fn wrong(gateway: &Gateway, mut admitted: Admitted<'_>, another: Arc<Personal<CitizenNumber>>) {
    admitted.basis.person = another;
    drop(fetch(gateway, admitted, None).await);
}

fn main() {}
