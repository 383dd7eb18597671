//! The command line.

pub mod account;
mod alerts;
pub mod annotate;
mod arenas;
pub mod backup;
pub mod check;
pub mod completions;
pub mod dead_letter;
pub mod demo;
mod environment;
pub mod erase;
pub mod export;
pub mod healthcheck;
pub mod import;
pub mod ingest;
pub mod key;
pub mod man;
pub mod migrate_feedback;
mod offline;
mod output;
pub mod person;
pub mod refold;
pub mod reload;
pub mod restore;
mod rules;
pub mod serve;

use clap::{CommandFactory, Parser, Subcommand};

use crate::program;

/// Self-hosted voice insights: what the network measured and what people said about every call.
#[derive(Debug, Parser)]
#[command(name = "sidetone", version = program::VERSION_AND_COMMIT, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Box<serve::ServeArgs>),
    Demo(demo::DemoArgs),
    Ingest(ingest::IngestArgs),
    #[command(subcommand)]
    Import(import::ImportCommand),
    Export(export::ExportArgs),
    Annotate(annotate::AnnotateArgs),
    #[command(subcommand)]
    Account(account::AccountCommand),
    #[command(subcommand)]
    Key(key::KeyCommand),
    #[command(subcommand)]
    Person(person::PersonCommand),
    #[command(subcommand)]
    DeadLetter(dead_letter::DeadLetterCommand),
    Check(check::CheckArgs),
    Backup(backup::BackupArgs),
    Restore(restore::RestoreArgs),
    Erase(erase::EraseArgs),
    Refold(refold::RefoldArgs),
    MigrateFeedback(migrate_feedback::MigrateFeedbackArgs),
    Healthcheck(healthcheck::HealthcheckArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl Cli {
    /// Does what was asked for.
    ///
    /// # Errors
    /// Whatever went wrong, with what to do about it.
    pub fn run(self) -> anyhow::Result<()> {
        if matches!(self.command, Command::Serve(_) | Command::Demo(_)) {
            arenas::limit();
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            // What runs there is bounded, and each thread takes memory.
            .max_blocking_threads(64)
            .build()?;
        let program = Self::command();
        runtime.block_on(async {
            match self.command {
                Command::Serve(args) => serve::run(*args, &program).await,
                Command::Demo(args) => demo::run(args, &program).await,
                Command::Ingest(args) => ingest::run(args).await,
                Command::Import(command) => import::run(command).await,
                Command::Export(args) => export::run(args).await,
                Command::Annotate(args) => annotate::run(args).await,
                Command::Account(command) => account::run(command).await,
                Command::Key(command) => key::run(command).await,
                Command::Person(command) => person::run(command).await,
                Command::DeadLetter(command) => dead_letter::run(command).await,
                Command::Check(args) => check::run(args).await,
                Command::Backup(args) => backup::run(args).await,
                Command::Restore(args) => restore::run(args).await,
                Command::Erase(args) => erase::run(args).await,
                Command::Refold(args) => refold::run(args).await,
                Command::MigrateFeedback(args) => migrate_feedback::run(args).await,
                Command::Healthcheck(args) => healthcheck::run(args).await,
                Command::Completions(args) => completions::run(&args, program),
                Command::Man(args) => man::run(&args, program),
            }
        })
    }
}
