//! What the outside of `placet-proof` promises, one module per specification.

#[cfg(test)]
mod cross_check;
#[cfg(test)]
mod gnap_scene;
#[cfg(test)]
mod keyring;
#[cfg(test)]
mod logout_token;
#[cfg(test)]
mod open_payments;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod rfc7515;
#[cfg(test)]
mod rfc7517;
#[cfg(test)]
mod rfc7519;
#[cfg(test)]
mod rfc7523;
#[cfg(test)]
mod rfc7636;
#[cfg(test)]
mod rfc7638;
#[cfg(test)]
mod rfc8037;
#[cfg(test)]
mod rfc8725;
#[cfg(test)]
mod rfc9421;
#[cfg(test)]
mod rfc9530;
#[cfg(test)]
mod rfc9635;
#[cfg(test)]
mod rfc9635_keys;
#[cfg(test)]
mod rfc9635_objects;
#[cfg(test)]
mod rfc9635_rotation;
#[cfg(test)]
mod signed_requests;
