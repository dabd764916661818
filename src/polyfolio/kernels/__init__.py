"""Every formula about money, risk and the reshaping of signals, once, for one lane at one bar."""
