"""Between sound and packets: the network, the entropy coder, and what is heard where packets are lost."""
