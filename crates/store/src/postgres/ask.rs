//! Asking: questions about single rows that are asked at the same moment share one statement.
//!
//! Each kind of question has a lane of its own ([`super::lane`]). A question that is asked alone is a statement of its
//! own, on the task of whoever asks; what is asked meanwhile goes as one statement over arrays, which sees one moment.
//! A statement costs the server some 70 µs, a row more in one costs it a few.

use std::{sync::Arc, time::Duration};

use placet_core::{
    id::Id,
    issuer::Issuer,
    store::{Key, StoreError, Table},
};
use tokio::sync::oneshot;
use tokio_postgres::Row;

use super::{
    judge::{self, unavailable},
    lane::{Carrier, Lane, Told},
    pool::Pool,
    statement::{self, Param, Question},
};

type Answer = Result<Option<Row>, StoreError>;

/// The lanes of all kinds of questions.
pub(super) struct Asking {
    /// How long somebody waits to be taken along.
    limit: Duration,
    records: Vec<Arc<Lane<Errand>>>,
    pub(super) pending_by: Arc<Lane<Errand>>,
    pub(super) access: Arc<Lane<Errand>>,
    pub(super) refresh: Arc<Lane<Errand>>,
    pub(super) pending_version: Arc<Lane<Errand>>,
}

/// Asks one kind of question.
pub(super) struct Errand {
    pool: Arc<Pool>,
    question: Question,
}

/// One question, and who wants to know.
pub(super) struct Asked {
    issuer: Id<Issuer>,
    key: Key,
    told: oneshot::Sender<Answer>,
}

impl Asking {
    pub(super) fn new(pool: &Arc<Pool>, limit: Duration) -> Self {
        let lane = |question| {
            Lane::new(Errand {
                pool: Arc::clone(pool),
                question,
            })
        };
        Self {
            limit,
            records: Table::ALL
                .map(|table| lane(statement::of(table).get))
                .into(),
            pending_by: lane(statement::PENDING_BY),
            access: lane(statement::ACCESS),
            refresh: lane(statement::REFRESH),
            pending_version: lane(statement::PENDING_VERSION),
        }
    }

    /// The lane of those who ask for records of `table`.
    pub(super) fn records(&self, table: Table) -> &Arc<Lane<Errand>> {
        let place = Table::ALL.iter().position(|known| *known == table);
        place
            .and_then(|place| self.records.get(place))
            .expect("there is a lane for each table")
    }

    /// Asks for the row under `key`.
    pub(super) async fn ask(
        &self,
        lane: &Arc<Lane<Errand>>,
        issuer: Id<Issuer>,
        key: Key,
    ) -> Answer {
        if let Some(_pass) = lane.alone() {
            return lane.carrier().one(issuer, &key).await;
        }
        let (told, answer) = oneshot::channel();
        let asked = Asked { issuer, key, told };
        match lane.with_others(asked, answer, self.limit).await {
            Told::Answer(answer) => answer,
            Told::Lost => Err(unavailable("the store is closed")),
            Told::Left => Err(unavailable("the database did not answer others in time")),
        }
    }
}

impl Errand {
    async fn one(&self, issuer: Id<Issuer>, key: &Key) -> Answer {
        let params = [
            Param::Bytes(Some(issuer.as_bytes())),
            Param::Bytes(Some(key.bytes())),
        ];
        let rows = self.pool.read(self.question.one, &params).await?;
        Ok(rows.into_iter().next())
    }

    /// The answers, in the order of the questions.
    async fn many(&self, batch: &[Asked]) -> Result<Vec<Option<Row>>, StoreError> {
        let issuers = batch
            .iter()
            .map(|asked| Some(asked.issuer.as_bytes().as_slice()));
        let keys = batch.iter().map(|asked| Some(asked.key.bytes()));
        let params = [
            Param::ManyBytes(issuers.collect()),
            Param::ManyBytes(keys.collect()),
        ];
        let mut answers: Vec<_> = batch.iter().map(|_| None).collect();
        for row in self.pool.read(self.question.many, &params).await? {
            let last = row.len().saturating_sub(1);
            let number: i64 = row.try_get(last).map_err(unavailable)?;
            let place = usize::try_from(number - 1).map_err(unavailable)?;
            let answer = answers.get_mut(place);
            *answer.ok_or_else(|| unavailable("an answer to no question"))? = Some(row);
        }
        Ok(answers)
    }
}

impl Carrier for Errand {
    type Job = Asked;

    async fn carry(&self, mut batch: Vec<Asked>) {
        // Who went away wants to know no more.
        batch.retain(|asked| !asked.told.is_closed());
        let answers = match batch.as_slice() {
            [] => return,
            [asked] => {
                let answer = self.one(asked.issuer, &asked.key).await;
                answer.map(|row| vec![row])
            }
            many => self.many(many).await,
        };
        match answers {
            Ok(answers) => {
                for (asked, answer) in batch.into_iter().zip(answers) {
                    drop(asked.told.send(Ok(answer)));
                }
            }
            Err(error) => {
                for asked in batch {
                    drop(asked.told.send(Err(judge::repeated(&error))));
                }
            }
        }
    }
}
