//! `demo`: makes a whole demo once, runs it, shows round, and serves (or ends, with `--once`).

use std::path::PathBuf;

use credit_audit::clock::{Clock, SystemClock};
use credit_policy::{Catalogue, catalogue};

use super::{failure::Failure, serving::Process};
use crate::{
    demo::{folder, tour},
    process::serve::Then,
    settings::{Listen, Settings},
    terminal::print,
};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Folder of the demo 演示目录
    #[arg(long, default_value = "demo")]
    dir: PathBuf,
    /// First of five ports 五个端口中的第一个
    #[arg(long, default_value_t = 8443)]
    port_base: u16,
    /// Tour it and end; exit 0 only if all held 演示一遍后退出
    #[arg(long)]
    once: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let process = Process::begin()?;
    let catalogue = Catalogue::load(&catalogue::shipped())
        .map_err(|faults| Failure::new(1, format_args!("the catalogue that is built in does not load: {faults:?}")))?;
    let now = SystemClock::new().now();
    folder::make(&arguments.dir, arguments.port_base, now, catalogue.today(now)).map_err(Failure::unavailable)?;
    let mut settings = Settings::read(&arguments.dir.join("config.toml")).map_err(Failure::settings)?;
    take_ports(&mut settings.listen, arguments.port_base)?;
    let address = settings.listen.institutions;
    process.run(settings, async |gateway| {
        let toured = tour::run(&arguments.dir, &gateway).await;
        if arguments.once {
            return toured.map(|()| Then::End).map_err(|error| Failure::new(1, error));
        }
        // Whoever changed the demo (suspended the bank, say) still wants it served.
        if let Err(error) = toured {
            print(format_args!("{error}\n"));
        }
        tour::print_calls(&arguments.dir, &gateway).map_err(Failure::unavailable)?;
        print(format_args!("ready https://{address}"));
        Ok(Then::Serve)
    })
}

/// The ports of the command line hold, whatever ports the folder was made for.
fn take_ports(listen: &mut Listen, port_base: u16) -> Result<(), Failure> {
    for (offset, listener) in (0..).zip(listen.each_mut()) {
        let port = port_base
            .checked_add(offset)
            .ok_or_else(|| Failure::usage(format_args!("no five ports from {port_base} on")))?;
        listener.set_port(port);
    }
    Ok(())
}
