//! `credit-gateway`: the operator's command.

use std::process::ExitCode;

fn main() -> ExitCode {
    credit_gateway::run()
}
