//! People, their sessions, and the log of what was done.

use async_trait::async_trait;
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_store::audit::AuditEntry;
use sidetone_store::page::{Page, PageRequest};
use sidetone_store::people::{
    NewSession, PasswordHash, Person, PersonChange, PersonName, Session, SessionDigest,
};
use sidetone_store::{AuditStore, PeopleStore, Result};

use crate::{SqliteStore, account, audit, person, session};

#[async_trait]
impl PeopleStore for SqliteStore {
    async fn create_person(&self, new: Person, by: &str) -> Result<()> {
        let by = by.to_owned();
        self.writer
            .run(1, move |tx| person::create(tx, &new, &by))
            .await
    }

    async fn change_person(
        &self,
        account: AccountSid,
        name: &PersonName,
        change: PersonChange,
        by: &str,
        now: TimeUs,
    ) -> Result<Person> {
        let (name, by) = (name.clone(), by.to_owned());
        self.writer
            .run(1, move |tx| {
                let changed = person::change(tx, account, &name, &change, &by, now)?;
                if change.sign_in.is_some() || changed.person.is_disabled {
                    session::end_of_person(tx.conn, changed.id)?;
                }
                Ok(changed.person)
            })
            .await
    }

    async fn change_password(
        &self,
        session: SessionDigest,
        proven: PasswordHash,
        password: PasswordHash,
        now: TimeUs,
    ) -> Result<()> {
        self.writer
            .run(1, move |tx| {
                session::change_password(tx, session, &proven, password, now)
            })
            .await
    }

    async fn person(&self, name: &PersonName) -> Result<Option<Person>> {
        let found = self.readers.point(|conn| person::find(conn, name))?;
        Ok(found.map(|row| row.person))
    }

    async fn people(&self, account: AccountSid, page: &PageRequest) -> Result<Page<Person>> {
        let page = *page;
        self.readers
            .scan(move |conn| person::page(conn, account, &page))
            .await
    }

    async fn open_session(&self, new: NewSession) -> Result<()> {
        self.writer.run(1, move |tx| session::open(tx, &new)).await
    }

    async fn session(&self, digest: SessionDigest, now: TimeUs) -> Result<Option<Session>> {
        self.readers.point(|conn| session::find(conn, digest, now))
    }

    async fn prolong_session(&self, digest: SessionDigest, expires_at: TimeUs) -> Result<()> {
        self.writer
            .run(1, move |tx| session::prolong(tx.conn, digest, expires_at))
            .await
    }

    async fn end_session(&self, digest: SessionDigest) -> Result<bool> {
        self.writer
            .run(1, move |tx| session::end(tx.conn, digest))
            .await
    }

    async fn end_all_sessions(&self) -> Result<u64> {
        self.writer.run(1, |tx| session::end_all(tx.conn)).await
    }
}

#[async_trait]
impl AuditStore for SqliteStore {
    async fn note(&self, entry: AuditEntry) -> Result<()> {
        self.writer
            .run(1, move |tx| {
                let account = account::existing(tx.conn, entry.account)?.id;
                audit::note(tx.conn, account, &entry)
            })
            .await
    }

    async fn audit(&self, account: AccountSid, page: &PageRequest) -> Result<Page<AuditEntry>> {
        let page = *page;
        self.readers
            .scan(move |conn| match account::find(conn, account)? {
                Some(found) => audit::page(conn, found.id, account, &page),
                None => Ok(Page::default()),
            })
            .await
    }
}
