//! Every decision of the remediator.
