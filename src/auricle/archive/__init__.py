"""Archives: folders of files through any verb, by several processes, with a ledger from which a run goes on."""
