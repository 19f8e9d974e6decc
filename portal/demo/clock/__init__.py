"""«Fai passare il tempo»: the portal's clock goes forward, for an evaluation and for software houses (docs/architecture.md, "Two times")."""
