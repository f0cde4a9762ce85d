//! What must be true of names: everybody is found by theirs, and each stands for somebody.

use super::{super::Engine, Error, Pass, Violation, named::Named, records::Found};
use crate::{
    client::Client,
    person::Person,
    store::{Key, Name, Record, Table},
};

impl Engine {
    /// A name stands for a client, a person or a tenant, who goes by it. The mark of who was removed stands for nobody.
    pub(super) async fn name(
        &self,
        name: &Name,
        pass: &Pass,
        found: &mut Found,
    ) -> Result<(), Error> {
        if name.dismissed.is_some() {
            return Ok(());
        }
        let rule = "a name stands for something";
        for table in [Table::Client, Table::Person, Table::Tenant] {
            let Some(key) = Key::from_bytes(table, &name.target) else {
                continue;
            };
            let bears = match self.named(key, pass).await? {
                Named::Missing => continue,
                Named::Unreadable => true,
                Named::There(record) => match &*record {
                    Record::Client(client) => Name::client(&client.client_id).hash == name.hash,
                    Record::Person(person) => {
                        Name::subject(&person.subject).hash == name.hash
                            || Name::username(&person.username).hash == name.hash
                    }
                    Record::Tenant(tenant) => Name::tenant(&tenant.issuer_url).hash == name.hash,
                    _ => false,
                },
            };
            if !bears {
                found.push(Violation::new(
                    rule,
                    &name.hash,
                    "its owner has another name",
                ));
            }
            return Ok(());
        }
        found.push(Violation::new(rule, &name.hash, "its owner is gone"));
        Ok(())
    }

    pub(super) async fn client_name(
        &self,
        client: &Client,
        pass: &Pass,
        found: &mut Found,
    ) -> Result<(), Error> {
        let name = Name::client(&client.client_id).standing_for(client.id);
        // One known only by its key goes by no name; nor may anybody else go by what it would be called.
        if client.keep_until.is_some()
            && matches!(self.named(Key::name(&name), pass).await?, Named::Missing)
        {
            return Ok(());
        }
        self.goes_by(&client.id, &name, pass, found).await
    }

    pub(super) async fn person(
        &self,
        person: &Person,
        pass: &Pass,
        found: &mut Found,
    ) -> Result<(), Error> {
        let subject = Name::subject(&person.subject).standing_for(person.id);
        self.goes_by(&person.id, &subject, pass, found).await?;
        if !person.erased {
            let username = Name::username(&person.username).standing_for(person.id);
            self.goes_by(&person.id, &username, pass, found).await?;
        }
        Ok(())
    }

    /// Whether `name` is there and stands for what it should.
    pub(super) async fn goes_by(
        &self,
        at: &impl std::fmt::Display,
        name: &Name,
        pass: &Pass,
        found: &mut Found,
    ) -> Result<(), Error> {
        let what = match self.named(Key::name(name), pass).await? {
            Named::Missing => "one of its names is missing",
            Named::There(record) => match &*record {
                Record::Name(held) if held.target == name.target => return Ok(()),
                _ => "one of its names stands for another",
            },
            Named::Unreadable => return Ok(()),
        };
        found.push(Violation::new("everybody is found by name", at, what));
        Ok(())
    }
}
