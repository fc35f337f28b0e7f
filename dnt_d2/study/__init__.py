"""The paper's claims, tested on MiniVID: what is trained, measured, compared, and the pages made from it."""
