"""Writers: they show the events of a run and decide nothing. Import only model."""
