//! Accounts and keys.

use async_trait::async_trait;
use sidetone_core::id::{AccountSid, ApiKeySid};
use sidetone_core::time::TimeUs;
use sidetone_store::account::{
    Account, AccountSettings, Accounts, ApiKey, KeyFingerprint, ProviderSecret, Token,
};
use sidetone_store::{AccountStore, Result};

use crate::{SqliteStore, account, api_key, session};

#[async_trait]
impl AccountStore for SqliteStore {
    async fn accounts(&self) -> Result<Accounts> {
        self.readers.point(account::accounts)
    }

    async fn api_keys(&self) -> Result<Vec<ApiKey>> {
        self.readers.point(api_key::all)
    }

    async fn account_epoch(&self) -> Result<u64> {
        self.readers.point(account::epoch)
    }

    async fn create_account(&self, account: Account) -> Result<()> {
        let buckets = self.buckets;
        self.writer
            .run(1, move |tx| account::create(tx, &account, buckets))
            .await
    }

    async fn create_first_account(&self, account: Account, key: KeyFingerprint) -> Result<()> {
        let buckets = self.buckets;
        self.writer
            .run(1, move |tx| {
                account::create_first(tx, &account, buckets, key)
            })
            .await
    }

    async fn key_fingerprint(&self) -> Result<Option<KeyFingerprint>> {
        self.readers.point(account::kept_key)
    }

    async fn expect_key(&self, key: KeyFingerprint) -> Result<()> {
        // It is kept as a rule: then nobody waits for the writer.
        if self.readers.point(|conn| account::is_kept(conn, key))? {
            return Ok(());
        }
        self.writer
            .run(1, move |tx| account::keep_key(tx, key))
            .await
    }

    async fn put_tokens(
        &self,
        account: AccountSid,
        tokens: Vec<Token>,
        by: &str,
        now: TimeUs,
    ) -> Result<()> {
        let by = by.to_owned();
        self.writer
            .run(1, move |tx| {
                account::put_tokens(tx, account, &tokens, &by, now)?;
                session::end_of_tokens(tx.conn, account)
            })
            .await
    }

    async fn put_provider_secrets(
        &self,
        account: AccountSid,
        secrets: Vec<ProviderSecret>,
    ) -> Result<()> {
        self.writer
            .run(1, move |tx| {
                account::put_provider_secrets(tx, account, &secrets)
            })
            .await
    }

    async fn put_settings(&self, account: AccountSid, settings: AccountSettings) -> Result<()> {
        self.writer
            .run(1, move |tx| account::put_settings(tx, account, settings))
            .await
    }

    async fn create_api_key(&self, key: ApiKey, by: &str) -> Result<()> {
        let by = by.to_owned();
        self.writer
            .run(1, move |tx| api_key::create(tx, &key, &by))
            .await
    }

    async fn revoke_api_key(&self, key: ApiKeySid, by: &str, now: TimeUs) -> Result<()> {
        let by = by.to_owned();
        self.writer
            .run(1, move |tx| {
                api_key::revoke(tx, key, &by, now)?;
                session::end_of_key(tx.conn, key)
            })
            .await
    }
}
