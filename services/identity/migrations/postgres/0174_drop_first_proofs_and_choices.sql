-- `sector_proofs` and `claim_choices` took their places; no release since reads them.
DROP TABLE session_proofs;
DROP TABLE consent_choices;
