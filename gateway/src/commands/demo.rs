//! `demo`: creates a whole demo once, runs it, gives a tour of it once, and serves (or ends, with `--once`).

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use credit_audit::clock::{Clock, SystemClock};
use credit_policy::{Catalogue, catalogue};

use super::{
    failure::Failure,
    serving::{Process, pages},
};
use crate::{
    demo::{
        configuration,
        database::{Database, DatabaseError},
        folder::{self, DemoError, Folder},
        identity::{self, Identity},
        tour,
    },
    gateway::Gateway,
    process::serve::Then,
    settings::{Persons, Settings},
    telemetry::LevelFilter,
    terminal::{fault, print, said, words},
};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Folder of the demo 演示文件夹
    #[arg(long, default_value = "demo")]
    dir: PathBuf,
    /// First of six ports; left out = those of the folder, 8443 for a new one 六个端口中的第一个
    #[arg(long)]
    port_base: Option<u16>,
    /// Tour it and end; exit 0 only if all was as expected 演示一遍后退出
    #[arg(long)]
    once: bool,
    /// With a second officer of another unit, a reviewer, a custodian of keys, and cases that must be checked, for the officers' pages 另设一名他部门管理人员、复核员、密钥保管员，并报送应查必查案件，供管理人员页面演示
    #[arg(long)]
    officers: bool,
    /// Answer from a new database of a PostgreSQL server of this machine, postgresql://owner@127.0.0.1/credit_demo; a password in PGPASSWORD 改用本机 PostgreSQL 服务器上的新数据库，口令置于 PGPASSWORD
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
}

/// What is said of a database that cannot be had.
fn of_database(error: DatabaseError) -> Failure {
    let why = fault(&error.to_string());
    if error.may_pass() { Failure::unavailable(why) } else { Failure::usage(why) }
}

/// Waits for the end of what is done at a database.
fn wait_for<T>(work: impl Future<Output = Result<T, DatabaseError>>, dir: &Path) -> Result<T, DatabaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|source| DemoError::File { path: dir.to_owned(), source })?.block_on(work)
}

/// The database of `--postgres`, whose server is there: no folder is made for one that is away.
fn database(arguments: &Arguments) -> Result<Option<Database>, DatabaseError> {
    let Some(url) = &arguments.postgres else { return Ok(None) };
    let database = Database::of(url, std::env::var("PGPASSWORD").ok())?;
    // A folder that answers from another store is refused before, whether this server is there or not.
    if !folder::is_made(&arguments.dir) || !database.is_of(&arguments.dir)? {
        wait_for(database.is_there(), &arguments.dir)?;
    }
    Ok(Some(database))
}

/// Fills it, unless the folder answers from it already.
fn fill(database: &Database, dir: &Path) -> Result<(), DatabaseError> {
    if database.is_of(dir)? {
        return Ok(());
    }
    wait_for(database.fill(dir), dir)?;
    let name = database.name();
    print(said(
        || format!("演示人员已写入 PostgreSQL 数据库 `{name}`；网关以只读角色从中读取。\n"),
        || {
            format!(
                "The demo's people are in the PostgreSQL database `{name}`; the gateway reads them as a role that cannot write.\n"
            )
        },
    ));
    Ok(())
}

/// Starts the demo's identity service, if the configuration still names it.
async fn identify(dir: &Path, persons: &Persons, gateway: &Gateway) -> Result<(), Failure> {
    let Some(port) = identity::port_of(persons) else { return Ok(()) };
    let people = folder::people(dir).map_err(Failure::unavailable)?;
    let service = Identity::new(port, &persons.address, &people, Arc::clone(&gateway.clock))
        .ok_or_else(|| Failure::unavailable("the system gives no randomness"))?;
    service
        .listen(port)
        .await
        .map_err(|error| Failure::unavailable(format_args!("cannot listen on 127.0.0.1:{port}: {error}")))
}

/// How a browser gets the certificate of each who has pages.
fn print_p12(own: &Path, officers: bool) {
    let own = own.display();
    let more: &[&str] = if officers { &["officer2", "reviewer", "custodian", "supervisor"] } else { &[] };
    for name in ["officer"].iter().chain(more) {
        print(format_args!(
            "  openssl pkcs12 -export -in {own}/{name}.pem -inkey {own}/{name}.key -passout pass: -out {name}.p12"
        ));
    }
    print("");
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let process = Process::begin(LevelFilter::WARN)?;
    let catalogue = Catalogue::load(&catalogue::shipped())
        .map_err(|faults| Failure::new(1, format_args!("the catalogue that is built in does not load: {faults:?}")))?;
    let database = database(arguments).map_err(of_database)?;
    let now = SystemClock::new().now();
    let made = folder::make(&arguments.dir, arguments.port_base.unwrap_or(8443), now, catalogue.today(now))
        .map_err(Failure::unavailable)?;
    if let (Folder::Found, Some(port_base)) = (made, arguments.port_base) {
        configuration::set_ports(&arguments.dir, port_base).map_err(Failure::unavailable)?;
    }
    if arguments.officers {
        configuration::add_officers(&arguments.dir).map_err(Failure::unavailable)?;
    }
    if let Some(database) = &database {
        fill(database, &arguments.dir).map_err(of_database)?;
    }
    let settings = Settings::read(&arguments.dir.join("config.toml")).map_err(Failure::settings)?;
    let address = settings.listen.institutions;
    let pages = pages(&settings.listen);
    let (persons, auditors, identity) = (settings.listen.persons, settings.listen.auditors, settings.persons.clone());
    process.run(settings, async |gateway| {
        if let Some(identity) = identity {
            identify(&arguments.dir, &identity, &gateway).await?;
        }
        if arguments.once {
            let mut toured = tour::run(&arguments.dir, &gateway).await;
            if toured.is_ok() && arguments.officers {
                toured = tour::report_cases(&arguments.dir, &gateway).await;
            }
            return toured.map(|()| Then::End).map_err(|error| Failure::new(1, error));
        }
        // Once a folder: whoever starts a demo again wants it served, soon.
        if gateway.state.folded_seqs().is_empty() {
            if let Err(error) = tour::run(&arguments.dir, &gateway).await {
                print(format_args!("{}\n", fault(&error.to_string())));
            }
            if arguments.officers
                && let Err(error) = tour::report_cases(&arguments.dir, &gateway).await
            {
                print(format_args!("{}\n", fault(&error.to_string())));
            }
        } else {
            print(words(
                "此演示已有查询记录，不再重复导览；如需再看，请用 `demo --once`。\n",
                "This demo has been used before, so the tour is left out; see it again with `demo --once`.\n",
            ));
        }
        tour::print_calls(&arguments.dir, &gateway).map_err(Failure::unavailable)?;
        let chinese = format!("个人可在浏览器打开 https://{persons}/ 登录（证书为演示自签，浏览器会提示不受信任）");
        let english = format!(
            "persons log in at https://{persons}/ with a browser (it warns of the demo's own certificate authority)"
        );
        print(words(&chinese, &english));
        let chinese = format!("安全管理员与监管方的页面为 https://{auditors}/officers，须在浏览器中导入证书（officer 或 supervisor）：");
        let english = format!(
            "officers and the supervisor have https://{auditors}/officers, in a browser with a certificate (officer or supervisor):"
        );
        print(words(&chinese, &english));
        print_p12(&arguments.dir.join("institutions"), arguments.officers);
        print(format_args!("{pages}\nready https://{address}"));
        Ok(Then::Serve)
    })
}
