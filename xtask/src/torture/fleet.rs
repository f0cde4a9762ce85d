//! Several servers on one PostgreSQL, and a bout around them.

use std::fs;

use super::{
    Plan,
    bout::Bout,
    postgres::Cluster,
    proxy::Proxy,
    setup::{Setup, Wishes},
};
use crate::server::Server;

/// Why a scenario with PostgreSQL is left out.
pub(crate) const NO_POSTGRES: &str =
    "PostgreSQL is not installed: sudo apt-get install --no-install-recommends -y postgresql";

/// Servers that run.
#[derive(Debug)]
pub(crate) struct Fleet {
    // In the order in which they end: servers before their store.
    pub(crate) servers: Vec<Server>,
    pub(crate) proxies: Vec<Proxy>,
    pub(crate) clusters: Vec<Cluster>,
}

impl Fleet {
    /// Starts `nodes` servers straight on one cluster; nothing where PostgreSQL is not installed.
    pub(crate) fn on_postgres(
        plan: &Plan,
        name: &str,
        nodes: usize,
    ) -> Result<Option<(Self, Bout)>, String> {
        Self::on_postgres_with(plan, name, nodes, "")
    }

    /// The same with more in their configuration.
    pub(crate) fn on_postgres_with(
        plan: &Plan,
        name: &str,
        nodes: usize,
        more: &str,
    ) -> Result<Option<(Self, Bout)>, String> {
        let Some(cluster) = Cluster::new()? else {
            return Ok(None);
        };
        let wishes = Wishes {
            name,
            nodes,
            databases: vec![cluster.url()],
            more: more.to_owned(),
        };
        Self::wished(plan, &wishes, (vec![cluster], Vec::new())).map(Some)
    }

    /// The same with a proxy between.
    pub(crate) fn through_proxy(
        plan: &Plan,
        name: &str,
        nodes: usize,
    ) -> Result<Option<(Self, Bout)>, String> {
        let Some(cluster) = Cluster::new()? else {
            return Ok(None);
        };
        let proxy = Proxy::to(&cluster.address())?;
        let url = Cluster::url_at(std::slice::from_ref(&proxy.address));
        Self::on(plan, name, nodes, (vec![cluster], vec![proxy]), &url).map(Some)
    }

    /// Starts `nodes` servers on what is there.
    pub(crate) fn on(
        plan: &Plan,
        name: &str,
        nodes: usize,
        ground: (Vec<Cluster>, Vec<Proxy>),
        url: &str,
    ) -> Result<(Self, Bout), String> {
        let wishes = Wishes {
            name,
            nodes,
            databases: vec![url.to_owned()],
            more: String::new(),
        };
        Self::wished(plan, &wishes, ground)
    }

    fn wished(
        plan: &Plan,
        wishes: &Wishes<'_>,
        ground: (Vec<Cluster>, Vec<Proxy>),
    ) -> Result<(Self, Bout), String> {
        let setup = Setup::new(&plan.binary, wishes)?;
        let bout = Bout::new(wishes.name, setup, plan.seed)?;
        let (clusters, proxies) = ground;
        let servers = (0..wishes.nodes)
            .map(|number| bout.setup.start(number))
            .collect::<Result<_, _>>()?;
        Ok((
            Self {
                servers,
                proxies,
                clusters,
            },
            bout,
        ))
    }

    pub(crate) fn server(&mut self, number: usize) -> Result<&mut Server, String> {
        self.servers
            .get_mut(number)
            .ok_or_else(|| format!("there is no server {number}"))
    }

    pub(crate) fn cluster(&mut self) -> Result<&mut Cluster, String> {
        self.clusters
            .first_mut()
            .ok_or_else(|| "there is no cluster".to_owned())
    }

    pub(crate) fn proxy(&self) -> Result<&Proxy, String> {
        self.proxies
            .first()
            .ok_or_else(|| "there is no proxy".to_owned())
    }

    /// How much processor time the servers have used, in ticks of 10 ms.
    pub(crate) fn ticks(&self) -> u64 {
        self.servers.iter().map(|server| ticks(server.id())).sum()
    }

    /// Every server still runs.
    pub(crate) fn all_alive(&mut self) -> bool {
        self.servers.iter_mut().all(Server::is_alive)
    }
}

/// User and system time of a process, fields 14 and 15 of its `stat`.
fn ticks(id: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let after_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields = after_name.split_whitespace().skip(11).take(2);
    fields.filter_map(|field| field.parse::<u64>().ok()).sum()
}
