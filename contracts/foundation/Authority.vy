# pragma version 0.4.3
# pragma evm-version london
"""
@title Authority
@license Apache-2.0
@notice Which organisation and account is verified, which duties it has, and which address is
        current for each contract.
@dev Dangerous acts are proposed by one administrator and confirmed by the other, until they hand
     over to the council. An account holds one post; its standing is one word, bit 0 lowest:
     duties 96 | from 32 | until 32 | post 32, so a duty is checked in one load.
@custom:halt Withdraw an account: it loses its post at once.
"""

from contracts.interfaces import IAuthority
from contracts.interfaces import ICouncil
from contracts.modules import duties
from contracts.modules import gb32100
from contracts.modules import names
from contracts.modules import signatures

implements: IAuthority

M32: constant(uint256) = 2**32 - 1
M96: constant(uint256) = 2**96 - 1
OPEN: constant(uint256) = 1  # states of a proposal
DONE: constant(uint256) = 2
CANCELLED: constant(uint256) = 3
MAX_ACT: constant(uint256) = 2048  # calldata of the longest act, a registration
MAX_HOLDINGS: constant(uint256) = 256  # appointments of one post over its life
DOMAIN: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
REGISTRATION: constant(bytes32) = keccak256(
    "Registration(string name,string creditCode,address account)"
)

administrator: public(address[2])
council_sits: public(bool)
proposal: public(HashMap[uint256, IAuthority.Proposal])
proposal_count: public(uint256)
_act: HashMap[uint256, Bytes[MAX_ACT]]
org: public(HashMap[uint256, IAuthority.Organisation])
org_count: public(uint256)
org_of: public(HashMap[address, uint256])
org_by_code: public(HashMap[String[18], uint256])
post: public(HashMap[uint256, IAuthority.Post])
post_count: public(uint256)
holdings: public(HashMap[uint256, DynArray[IAuthority.Holding, MAX_HOLDINGS]])
contract_at: public(HashMap[bytes32, address])
contract_name: public(HashMap[uint256, bytes32])
contract_count: public(uint256)
_standing: HashMap[address, uint256]


@deploy
def __init__(first: address, second: address):
    assert first != empty(address) and second != empty(address), "authority: empty administrator"
    assert first != second, "authority: two administrators are needed"
    self.administrator = [first, second]


@external
def propose(act: Bytes[MAX_ACT]) -> uint256:
    """
    @notice Propose an act of this contract for the other administrator to confirm.
    @param act Calldata of the act: open_post, appoint, list_contract and so on.
    """
    assert self._is_administrator(msg.sender), "authority: caller is no administrator"
    assert not self.council_sits, "authority: the council decides"
    self.proposal_count += 1
    proposal_id: uint256 = self.proposal_count
    digest: bytes32 = keccak256(act)
    self.proposal[proposal_id] = IAuthority.Proposal(
        proposed_by=msg.sender, state=OPEN, digest=digest
    )
    self._act[proposal_id] = act
    log IAuthority.Proposed(proposal_id=proposal_id, by=msg.sender, digest=digest)
    return proposal_id


@external
def confirm(proposal_id: uint256):
    """
    @notice Confirm the other administrator's proposal; the act happens at once.
    """
    assert self._is_administrator(msg.sender), "authority: only an administrator confirms"
    assert self.proposal[proposal_id].state == OPEN, "authority: proposal must be open"
    assert not self.council_sits, "authority: the council decides by now"
    proposed_by: address = self.proposal[proposal_id].proposed_by
    assert proposed_by != msg.sender, "authority: proposer cannot confirm"
    # whoever was replaced may be the one who confirms, under a new key
    assert self._is_administrator(proposed_by), "authority: proposer is no administrator any more"
    self.proposal[proposal_id].state = DONE
    log IAuthority.Confirmed(proposal_id=proposal_id, by=msg.sender)
    raw_call(self, self._act[proposal_id])


@external
def cancel(proposal_id: uint256):
    """
    @notice Take a proposal back.
    """
    assert self._is_administrator(msg.sender), "authority: only an administrator cancels"
    assert self.proposal[proposal_id].state == OPEN, "authority: only an open proposal is cancelled"
    self.proposal[proposal_id].state = CANCELLED
    log IAuthority.Cancelled(proposal_id=proposal_id, by=msg.sender)


@external
def register(
    name: String[64], credit_code: String[18], account: address, signature: Bytes[65]
) -> uint256:
    """
    @notice Register an organisation from a request that its account signed.
    @param signature EIP-712 signature of Registration(name, creditCode, account) by the account.
    """
    if msg.sender != self:
        assert self._can(msg.sender, duties.REGISTRAR), "authority: caller is no registrar"
    assert len(name) > 0, "authority: empty name"
    gb32100._check(credit_code)
    # a registration that nobody verified gives way: a wrong one must not keep code or account for good
    code_at: uint256 = self.org[self.org_by_code[credit_code]].verified_at
    assert code_at == 0, "authority: credit code is registered"
    account_at: uint256 = self.org[self.org_of[account]].verified_at
    assert account_at == 0, "authority: account has an organisation"
    signer: address = self._signer(name, credit_code, account, signature)
    # a broken signature yields the zero address, which can have signed nothing
    signed: bool = signer == account and account != empty(address)
    assert signed, "authority: request is not signed by the account"
    self.org_count += 1
    org_id: uint256 = self.org_count
    self.org[org_id] = IAuthority.Organisation(
        name=name,
        credit_code=credit_code,
        account=account,
        registered_by=msg.sender,
        verified_by=empty(address),
        registered_at=block.timestamp,
        verified_at=0,
    )
    self.org_of[account] = org_id
    self.org_by_code[credit_code] = org_id
    log IAuthority.OrganisationRegistered(
        org_id=org_id, account=account, by=msg.sender, name=name, credit_code=credit_code
    )
    return org_id


@external
@payable
def verify(org_id: uint256):
    """
    @notice Verify an organisation that another officer registered; the value sent funds its account.
    """
    if msg.sender != self:
        assert self._can(msg.sender, duties.VERIFIER), "authority: caller is no verifier"
        registered_by: address = self.org[org_id].registered_by
        assert registered_by != msg.sender, "authority: registrar cannot verify"
    assert self.org[org_id].registered_at != 0, "authority: unknown organisation"
    assert self.org[org_id].verified_at == 0, "authority: organisation is verified"
    account: address = self.org[org_id].account
    code: String[18] = self.org[org_id].credit_code
    current: bool = self.org_by_code[code] == org_id and self.org_of[account] == org_id
    assert current, "authority: registration gave way to a later one"
    self.org[org_id].verified_by = msg.sender
    self.org[org_id].verified_at = block.timestamp
    log IAuthority.OrganisationVerified(
        org_id=org_id, account=account, by=msg.sender, funded_wei=msg.value
    )
    if msg.value > 0:
        send(account, msg.value)


@external
def open_post(
    org_id: uint256,
    title: String[64],
    post_duties: uint256,
    holder: address,
    from_at: uint256,
    until_at: uint256,
) -> uint256:
    """
    @notice Open a post of a verified organisation and appoint its first holder.
    @dev By proposal and confirmation only.
    """
    self._only_self()
    assert self.org[org_id].verified_at != 0, "authority: organisation is not verified"
    assert post_duties & ~duties.ALL == 0, "authority: unknown duty"
    self.post_count += 1
    post_id: uint256 = self.post_count
    self.post[post_id] = IAuthority.Post(
        org_id=org_id,
        title=title,
        duties=post_duties,
        holder=empty(address),
        from_at=0,
        until_at=0,
    )
    log IAuthority.PostOpened(post_id=post_id, org_id=org_id, title=title, duties=post_duties)
    self._appoint(post_id, holder, from_at, until_at)
    return post_id


@external
def appoint(post_id: uint256, holder: address, from_at: uint256, until_at: uint256):
    """
    @notice Give a post to another account; the one before loses it at once.
    @dev By proposal and confirmation only.
    """
    self._only_self()
    assert post_id > 0 and post_id <= self.post_count, "authority: unknown post"
    self._vacate(post_id)
    self._appoint(post_id, holder, from_at, until_at)


@external
def withdraw(account: address):
    """
    @notice Take an account's post away at once, for a lost or stolen key.
    """
    if not (self._is_administrator(msg.sender) or self._is_council(msg.sender)):
        assert self._can(msg.sender, duties.SUPERVISOR), "authority: caller cannot withdraw accounts"
    post_id: uint256 = self._standing[account] >> 160
    assert post_id != 0, "authority: account holds no post"
    self._vacate(post_id)
    log IAuthority.AccountWithdrawn(account=account, post_id=post_id, by=msg.sender)


@external
def list_contract(name: bytes32, at: address):
    """
    @notice Make `at` the current address of a contract.
    @dev By proposal and confirmation only.
    """
    self._only_self()
    assert at.is_contract, "authority: no code at the address"
    replaced: address = self.contract_at[name]
    if replaced == empty(address):
        self.contract_name[self.contract_count] = name
        self.contract_count += 1
    self.contract_at[name] = at
    log IAuthority.ContractListed(name=name, at=at, replaced=replaced)


@external
def replace_administrator(old: address, new: address):
    """
    @notice Put another account in an administrator's place.
    @dev By proposal and confirmation only.
    """
    self._only_self()
    assert new != empty(address), "authority: new administrator is empty"
    assert not self._is_administrator(new), "authority: new administrator is one already"
    assert self._is_administrator(old), "authority: old administrator is none"
    if self.administrator[0] == old:
        self.administrator[0] = new
    else:
        self.administrator[1] = new
    log IAuthority.AdministratorReplaced(old=old, new=new)


@external
def hand_over(
    members: DynArray[address, 16], threshold: uint256, delay_s: uint256, expiry_s: uint256
):
    """
    @notice Seat the council and hand the administrators' power over to it, for good.
    @dev By proposal and confirmation only.
    """
    self._only_self()
    assert not self.council_sits, "authority: the council sits"
    council: address = self.contract_at[names.COUNCIL]
    assert council != empty(address), "authority: no council is listed"
    self.council_sits = True
    log IAuthority.CouncilSeated(council=council)
    extcall ICouncil(council).seat(members, threshold, delay_s, expiry_s)


@external
@view
def can(account: address, duty: uint256) -> bool:
    """
    @notice Whether an account holds a post with the duty now.
    """
    return self._can(account, duty)


@external
@view
def duties_of(account: address) -> uint256:
    """
    @notice All duties of an account, whether its term runs or not.
    """
    return self._standing[account] & M96


@external
@view
def post_of(account: address) -> uint256:
    """
    @notice The post an account holds, 0 for none.
    """
    return self._standing[account] >> 160


@external
@view
def is_serving(account: address) -> bool:
    """
    @notice Whether an account holds a post whose term runs now.
    """
    standing: uint256 = self._standing[account]
    return (
        standing >> 160 != 0
        and block.timestamp >= (standing >> 96) & M32
        and block.timestamp < (standing >> 128) & M32
    )


@external
@view
def is_verified(org_id: uint256) -> bool:
    """
    @notice Whether an organisation is verified.
    """
    return self.org[org_id].verified_at != 0


@external
@view
def holder(post_id: uint256, at: uint256) -> address:
    """
    @notice Who held a post at a moment, as far back as it exists; empty for nobody.
    """
    for holding: IAuthority.Holding in self.holdings[post_id]:
        if at >= holding.from_at and at < holding.until_at:
            return holding.holder
    return empty(address)


@internal
@view
def _only_self():
    council: bool = self._is_council(msg.sender)
    assert council or msg.sender == self, "authority: needs two administrators"


@internal
@view
def _is_council(account: address) -> bool:
    return self.council_sits and account == self.contract_at[names.COUNCIL]


@internal
@view
def _is_administrator(account: address) -> bool:
    return account == self.administrator[0] or account == self.administrator[1]


@internal
@view
def _can(account: address, duty: uint256) -> bool:
    standing: uint256 = self._standing[account]
    return (
        standing & duty != 0
        and block.timestamp >= (standing >> 96) & M32
        and block.timestamp < (standing >> 128) & M32
    )


@internal
def _appoint(post_id: uint256, holder: address, from_at: uint256, until_at: uint256):
    assert holder != empty(address), "authority: empty holder"
    assert from_at < until_at and until_at <= M32, "authority: term out of range"
    assert self._standing[holder] >> 160 == 0, "authority: holder has a post"
    post: IAuthority.Post = self.post[post_id]
    self.post[post_id].holder = holder
    self.post[post_id].from_at = from_at
    self.post[post_id].until_at = until_at
    self.holdings[post_id].append(
        IAuthority.Holding(holder=holder, from_at=from_at, until_at=until_at)
    )
    self._standing[holder] = post.duties | (from_at << 96) | (until_at << 128) | (post_id << 160)
    log IAuthority.PostAppointed(
        post_id=post_id, holder=holder, duties=post.duties, from_at=from_at, until_at=until_at
    )


@internal
def _vacate(post_id: uint256):
    """
    @dev The holding ends now, if it has not ended before.
    """
    holder: address = self.post[post_id].holder
    if holder == empty(address):
        return
    self._standing[holder] = 0
    self.post[post_id].holder = empty(address)
    last: uint256 = len(self.holdings[post_id]) - 1
    ends_at: uint256 = min(self.holdings[post_id][last].until_at, block.timestamp)
    self.holdings[post_id][last].until_at = ends_at


@internal
@view
def _signer(
    name: String[64], credit_code: String[18], account: address, signature: Bytes[65]
) -> address:
    domain: bytes32 = keccak256(
        abi_encode(DOMAIN, keccak256("Waterline"), keccak256("1"), chain.id, self)
    )
    request: bytes32 = keccak256(
        abi_encode(REGISTRATION, keccak256(name), keccak256(credit_code), account)
    )
    return signatures._signer(keccak256(concat(x"1901", domain, request)), signature)
