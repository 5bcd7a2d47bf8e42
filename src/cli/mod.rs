//! The commands. A command prints its result on standard output as one JSON object, and everything else on
//! standard error. Exit codes: 0 success, 1 failure, 2 invalid arguments.

mod app_add;
mod app_allow;
mod check;
mod choice;
mod database;
mod dotenv;
mod environment;
mod http_server;
mod logging;
mod master_key;
mod migrate;
mod person_add;
mod person_import;
mod person_password;
mod roll;
mod serve;
mod upstream;

use std::fmt;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde::Serialize;

use crate::platform::config;
use crate::platform::config::Config;
use crate::protocol::clients::command::{AllowAppArgs, RegisterAppArgs};

/// The sign-in of a campus. Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "profiles", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Brings the database up to date and serves, until SIGTERM or SIGINT
    ///
    /// When it is ready it prints "listening on http://ADDRESS:PORT" on standard error. When it is stopped
    /// it accepts no new requests and finishes the current ones.
    #[command(after_long_help = config::help())]
    Serve,
    /// Brings the database up to date and exits
    Migrate,
    /// People: add one, import many, set a password
    #[command(subcommand)]
    Person(PersonCommand),
    /// Checks database, mail server and campus systems, and reports for each: ok, or what is wrong and what to do
    ///
    /// Changes no data. Prints one JSON object with a line for each; exits with 1 if something is wrong.
    Check,
    /// Apps: register one, allow it more
    #[command(subcommand)]
    App(AppCommand),
    /// The choices in profiles: add a hostel, department or degree, retire one, list them
    #[command(subcommand)]
    Choice(choice::ChoiceCommand),
    /// What the characters of a roll number of IIT Kharagpur mean: programme, department, years
    #[command(subcommand)]
    Roll(roll::RollCommand),
    /// Campus systems for sign-in: enable one again that was disabled automatically
    #[command(subcommand)]
    Upstream(upstream::UpstreamCommand),
}

#[derive(Debug, Subcommand)]
enum AppCommand {
    /// Registers an app and prints `{"id", "client_id", "client_secret"?}`
    ///
    /// The secret is shown this once; the owner makes another on the app's page.
    Add(RegisterAppArgs),
    /// Allows an app to do what only the campus can allow, and prints `{"client_id", "name", "allowed"}`
    ///
    /// association: to look up which mailbox belongs to a roll number, of people who agreed. The owner
    /// then makes a look-up token on the app's page.
    Allow(AllowAppArgs),
    /// Withdraws that permission at once, with every token that was issued for it
    Disallow(AllowAppArgs),
}

#[derive(Debug, Subcommand)]
enum PersonCommand {
    /// Adds a person and prints `{"id", "username", "password"?}`
    ///
    /// Without --password-stdin a password is generated and printed this once.
    Add(person_add::PersonAddArgs),
    /// Adds or updates all people on a list and prints `{"added", "updated", "refused"}`
    ///
    /// The list is CSV with a header line, or JSON lines shaped like the user API's full answer plus
    /// the username. Existing people are found by username. A column that is not in the list
    /// changes nothing; an empty cell or null clears.
    ///
    /// An invalid row is refused with its line and the reason, and the others are imported. Exits with 0
    /// if all rows were imported, with 1 if a row was refused.
    #[command(after_long_help = person_import::columns())]
    Import(person_import::PersonImportArgs),
    /// Sets a person's password, ends their sessions, and prints `{"username", "password"?}`
    ///
    /// Without --password-stdin a password is generated and printed this once.
    Password(person_password::PersonPasswordArgs),
}

/// Why a command failed, in one line that says what to do.
#[derive(Debug)]
pub(crate) struct CommandError(String);

impl CommandError {
    pub(crate) fn new(error: impl Into<String>) -> Self {
        Self(error.into())
    }

    pub(crate) fn while_doing(doing: impl fmt::Display, error: impl std::error::Error) -> Self {
        Self(format!("{doing}: {error}"))
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Parses the command line and the environment, and runs the command.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Includes the output of `--help` and `--version`; clap chooses stream and exit code.
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match prepare(&cli).and_then(|(config, runtime)| runtime.block_on(run(cli, config))) {
        Ok(code) => code,
        Err(error) if logging::writes_json() => {
            tracing::error!("profiles: {error}");
            ExitCode::FAILURE
        }
        Err(error) => {
            say(format_args!("profiles: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn prepare(cli: &Cli) -> Result<(Config, tokio::runtime::Runtime), CommandError> {
    let config = environment::read_config()?;
    // Other commands report what they did in their result.
    let serves = matches!(cli.command, None | Some(Command::Serve));
    let filter = if serves { &config.log } else { "warn" };
    logging::start(filter, config.log_json)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::while_doing("starting", error))?;
    Ok((config, runtime))
}

async fn run(cli: Cli, config: Config) -> Result<ExitCode, CommandError> {
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::serve(config).await,
        Command::Migrate => migrate::migrate(&config).await,
        Command::Check => check::check(&config).await,
        Command::Person(PersonCommand::Add(add)) => person_add::add(add, &config).await,
        Command::Person(PersonCommand::Import(list)) => person_import::import(list, &config).await,
        Command::Person(PersonCommand::Password(asked)) => {
            person_password::set(asked, &config).await
        }
        Command::Choice(asked) => choice::run(asked, &config).await,
        Command::Roll(asked) => roll::run(asked, &config).await,
        Command::Upstream(asked) => upstream::run(asked, &config).await,
        Command::App(AppCommand::Add(add)) => app_add::add(add, &config).await,
        Command::App(AppCommand::Allow(asked)) => app_allow::allow(asked, true, &config).await,
        Command::App(AppCommand::Disallow(asked)) => app_allow::allow(asked, false, &config).await,
    }
}

/// One line on standard error; an event if the log is JSON.
pub(crate) fn say(line: impl fmt::Display) {
    if logging::writes_json() {
        tracing::info!("{line}");
    } else {
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}

/// The command's result: one JSON object on standard output.
pub(crate) fn print(result: &impl Serialize) -> Result<(), CommandError> {
    write_result(serde_json::to_string(result))
}

/// The result on several lines, for people.
pub(crate) fn print_for_people(result: &impl Serialize) -> Result<(), CommandError> {
    write_result(serde_json::to_string_pretty(result))
}

fn write_result(text: serde_json::Result<String>) -> Result<(), CommandError> {
    let text = text.map_err(|error| CommandError::while_doing("writing the result", error))?;
    writeln!(std::io::stdout().lock(), "{text}")
        .map_err(|error| CommandError::while_doing("writing the result", error))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_argument_has_a_help_text() {
        fn look(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            assert!(command.get_about().is_some(), "{path}");
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{path} {argument}");
            }
            for inner in command.get_subcommands() {
                look(inner, &path);
            }
        }
        look(&Cli::command(), "");
    }

    #[test]
    fn without_a_command_it_serves() {
        assert!(Cli::try_parse_from(["profiles"]).unwrap().command.is_none());
    }
}
