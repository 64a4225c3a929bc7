//! The demo's people in a PostgreSQL database of its own (`demo --postgres`).

use std::path::Path;

use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::Connection;
use tokio_postgres::{Client, Config, NoTls, config::Host, error::SqlState};

use super::{configuration, folder::DemoError};
use crate::stores::{
    layout::{Form, TABLES, Table},
    postgres,
};

/// Why the demo does not run on a database.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    /// No address.
    #[error("`{0}` is no address such as `postgresql://owner@127.0.0.1:5432/credit_demo`")]
    Form(String),
    /// Without TLS only this machine is near enough.
    #[error("the demo runs on a server of this machine: name 127.0.0.1, localhost or a socket")]
    Far,
    /// A password on a command line is seen by everybody on the machine.
    #[error("the address contains a password: put it into the environment variable PGPASSWORD")]
    Password,
    /// The server said no.
    #[error("PostgreSQL says {0}: the user needs to be let in, and to be allowed to make databases, roles and tables")]
    Server(String),
    /// The server is not there.
    #[error("cannot reach the server of `{0}`")]
    Unreachable(String),
    /// Somebody's data.
    #[error("the database `{0}` has other tables: name a new one; the demo makes it")]
    NotEmpty(String),
    /// The folder answers from another database.
    #[error("this demo folder answers from another database: name another folder with --dir")]
    OtherDatabase,
    /// The folder answers from its own store, and has been served from there.
    #[error(
        "this demo folder answers from a store of its own already: name a new folder with --dir, or leave --postgres out"
    )]
    OwnStore,
    /// The folder.
    #[error(transparent)]
    Folder(#[from] DemoError),
}

impl DatabaseError {
    /// Whether the same command may succeed later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Folder(_) => true,
            Self::Form(_)
            | Self::Far
            | Self::Password
            | Self::Server(_)
            | Self::NotEmpty(_)
            | Self::OtherDatabase
            | Self::OwnStore => false,
        }
    }
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Folder(error.into())
    }
}

/// A database that the demo may use.
pub(crate) struct Database {
    config: Config,
    /// Host, port and database, as an address has them.
    place: String,
    name: String,
}

impl Database {
    /// Of an address, `postgresql://owner@host:port/database`.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(crate) fn of(url: &str, password: Option<String>) -> Result<Self, DatabaseError> {
        let form = || DatabaseError::Form(url.split('@').next_back().unwrap_or_default().to_owned());
        let mut config: Config = url.parse().map_err(|_| form())?;
        if config.get_password().is_some() {
            return Err(DatabaseError::Password);
        }
        let (Some((_, place)), Some(name), Some(_)) = (url.rsplit_once('@'), config.get_dbname(), config.get_user())
        else {
            return Err(form());
        };
        let (place, name) = (place.to_owned(), name.to_owned());
        if place.contains('?') || config.get_hosts().is_empty() {
            return Err(form());
        }
        let is_near = |host: &Host| match host {
            Host::Unix(_) => true,
            Host::Tcp(host) => host == "localhost" || host.parse().is_ok_and(|it: std::net::IpAddr| it.is_loopback()),
        };
        if !config.get_hosts().iter().all(is_near) {
            return Err(DatabaseError::Far);
        }
        config.ssl_mode(tokio_postgres::config::SslMode::Disable);
        if let Some(password) = password {
            config.password(password);
        }
        Ok(Self { config, place, name })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the folder answers from this database already.
    ///
    /// # Errors
    /// Where it answers from another store. A folder whose database was not filled to the end has no record yet: it is filled
    /// again.
    pub(crate) fn is_of(&self, dir: &Path) -> Result<bool, DatabaseError> {
        let config = configuration::text(dir)?;
        if config.contains(&format!("@{}\"", self.place)) {
            return Ok(true);
        }
        match (config.contains(configuration::EMBEDDED), configuration::has_records(dir)) {
            (true, false) => Ok(false),
            (true, true) => Err(DatabaseError::OwnStore),
            (false, _) if config.contains("kind = \"postgres\"") => Err(DatabaseError::OtherDatabase),
            (false, _) => Err(DatabaseError::OwnStore),
        }
    }

    /// That the server is there, before a folder is made for it.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(crate) async fn is_there(&self) -> Result<(), DatabaseError> {
        match self.connect(&self.config).await {
            Err(error) if error.code() == Some(&SqlState::INVALID_CATALOG_NAME) => Ok(()),
            connected => connected.map(drop).map_err(|error| self.fault(&error)),
        }
    }

    /// Makes the database if it is missing, fills it with the rows of the folder's store, makes a role that can read them
    /// and nothing else, and lets the folder answer from there. All of the database or nothing.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(crate) async fn fill(&self, dir: &Path) -> Result<(), DatabaseError> {
        let mut client = match self.connect(&self.config).await {
            Err(error) if error.code() == Some(&SqlState::INVALID_CATALOG_NAME) => {
                let mut first = self.config.clone();
                let maker = self.connect(first.dbname("postgres")).await.map_err(|error| self.fault(&error))?;
                let name = self.name.replace('"', "\"\"");
                let made = format!("CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'");
                maker.batch_execute(&made).await.map_err(|error| self.fault(&error))?;
                self.connect(&self.config).await
            }
            connected => connected,
        }
        .map_err(|error| self.fault(&error))?;
        let other = client.query_opt(OTHER, &[]).await.map_err(|error| self.fault(&error))?;
        if other.is_some() {
            return Err(DatabaseError::NotEmpty(self.name.clone()));
        }
        let (role, password) = (format!("credit_demo_{}", by_chance()?), by_chance()?);
        let all = client.transaction().await.map_err(|error| self.fault(&error))?;
        let made = format!(
            "{}CREATE ROLE {role} LOGIN PASSWORD '{password}'; GRANT SELECT ON record, listing, attribute TO {role};",
            postgres::SCHEMA
        );
        all.batch_execute(&made).await.map_err(|error| self.fault(&error))?;
        for (table, rows) in rows(dir)? {
            // `record` alone is a type of PostgreSQL's own.
            let insert = format!(
                "INSERT INTO public.{table} SELECT * FROM json_populate_recordset(NULL::public.{table}, $1::text::json)"
            );
            all.execute(&insert, &[&rows]).await.map_err(|error| self.fault(&error))?;
        }
        // Before the rows are there for all: a folder without its database is filled again, one with it is not.
        configuration::answer_from(dir, &format!("postgresql://{role}@{}", self.place), &password)?;
        all.commit().await.map_err(|error| self.fault(&error))
    }

    async fn connect(&self, config: &Config) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = config.connect(NoTls).await?;
        // What ends it, the next statement says.
        tokio::spawn(async move { drop(connection.await) });
        Ok(client)
    }

    fn fault(&self, error: &tokio_postgres::Error) -> DatabaseError {
        match error.code() {
            Some(code) => DatabaseError::Server(code.code().to_owned()),
            None => DatabaseError::Unreachable(self.place.clone()),
        }
    }
}

/// A table or view that is nobody's but its owner's.
const OTHER: &str = "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' LIMIT 1";

fn by_chance() -> Result<String, DemoError> {
    let mut bytes = [0; 12];
    SystemRandom::new().fill(&mut bytes).map_err(|_| DemoError::Randomness)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The rows of each table of the folder's store, as JSON.
fn rows(dir: &Path) -> Result<Vec<(&'static str, String)>, DatabaseError> {
    let store = Connection::open_with_flags(dir.join("data/store.sqlite"), rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let of = |table: &Table| {
        let value = |(name, form): &(&str, Form)| match form {
            Form::Flag => format!("'{name}', json(iif({name}, 'true', 'false'))"),
            _ => format!("'{name}', {name}"),
        };
        let members: Vec<_> = table.columns.iter().map(value).collect();
        let all = format!("SELECT json_group_array(json_object({})) FROM {}", members.join(", "), table.name);
        Ok((table.name, store.query_row(&all, [], |row| row.get(0))?))
    };
    TABLES.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_database_of_this_machine_is_refused() {
        for url in
            ["", "postgresql://127.0.0.1/demo", "postgresql://owner@127.0.0.1", "postgresql://owner@127.0.0.1/demo?a=b"]
        {
            assert!(matches!(Database::of(url, None), Err(DatabaseError::Form(_))), "{url}");
        }
        assert!(matches!(Database::of("postgresql://owner@10.0.0.1/demo", None), Err(DatabaseError::Far)));
        assert!(matches!(Database::of("postgresql://owner:word@localhost/demo", None), Err(DatabaseError::Password)));
        let database = Database::of("postgresql://owner@%2Frun%2Fpostgresql:5433/demo", Some("word".to_owned()));
        let database = database.ok().unwrap();
        assert_eq!((database.name(), &*database.place), ("demo", "%2Frun%2Fpostgresql:5433/demo"));
    }
}
