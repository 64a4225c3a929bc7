//! Nobody but the stage of that name identifies.

use credit_gateway::journey::stages::identify::Identified;

fn main() {
    let _identified = Identified { _proof: () };
}
