# pragma version 0.4.3
"""
@title Duties
@license Apache-2.0
@notice What a post may do. A post carries any set of these bits; docs/duties.md says who does what.
"""

REGISTRAR: constant(uint256) = 1
VERIFIER: constant(uint256) = 2
STANDARDS_KEEPER: constant(uint256) = 4
NETWORK_KEEPER: constant(uint256) = 8
DEVICE_KEEPER: constant(uint256) = 16
CLERK: constant(uint256) = 32
REVIEWER: constant(uint256) = 64
DECIDER: constant(uint256) = 128
ISSUER: constant(uint256) = 256
SUPERVISOR: constant(uint256) = 512
RELAY: constant(uint256) = 1024
BILLER: constant(uint256) = 2048
DISPATCHER: constant(uint256) = 4096
ANALYST: constant(uint256) = 8192
ALL: constant(uint256) = 16383
