# pragma version 0.4.3
# pragma evm-version london
"""
@title Authority
@license Apache-2.0
@notice Which organisation and account is verified, which duties it has, and which address is
        current for each contract.
@dev Dangerous acts are proposed by one administrator and confirmed by the other, until they hand
     over to the council. An account holds one post; its standing is one word, bit 0 lowest:
     duties 96 | from 32 | until 32 | post 32 | deputises 1, so a duty is checked in one load. A
     deputy acts under its own account, with a second word of the same form: it is loaded only for
     an account that was named a deputy and whose own post does not give the duty.
@custom:halt Withdraw an account: it loses its post at once.
"""

from contracts.interfaces import IAuthority
from contracts.interfaces import ICouncil
from contracts.modules import duties
from contracts.modules import gb32100
from contracts.modules import names
from contracts.modules import signatures
from contracts.modules import states

implements: IAuthority

M32: constant(uint256) = 2**32 - 1
M96: constant(uint256) = 2**96 - 1
DEPUTISES: constant(uint256) = 1 << 192  # in a standing: the account was named a deputy
OPEN: constant(uint256) = 1  # states of a proposal
DONE: constant(uint256) = 2
CANCELLED: constant(uint256) = 3
MAX_ACT: constant(uint256) = 2048  # calldata of the longest act, a registration
HOLDERS: constant(uint256) = 0  # whose terms
DEPUTIES: constant(uint256) = 1
ROTATION_S: constant(uint256) = 7 * 86_400  # a request for a lost key waits so long; ours, no law's
DOMAIN: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
REGISTRATION: constant(bytes32) = keccak256(
    "Registration(string name,string creditCode,address account)"
)
ROTATION: constant(bytes32) = keccak256("Rotation(address old,address new)")

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
_terms: HashMap[uint256, HashMap[uint256, HashMap[uint256, IAuthority.Holding]]]  # whose, post
_term_count: HashMap[uint256, HashMap[uint256, uint256]]
rotation: public(HashMap[address, IAuthority.Rotation])  # old account: what was asked for it
contract_at: public(HashMap[bytes32, address])
contract_name: public(HashMap[uint256, bytes32])
contract_count: public(uint256)
_standing: HashMap[address, uint256]
_deputy: HashMap[address, uint256]  # the word of a deputy's term
_origin: HashMap[address, address]  # the first account of a line of rotations


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
    self._require_open(proposal_id, "authority: to confirm, must be OPEN")
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
    self._require_open(proposal_id, "authority: to cancel, must be OPEN")
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
        two: bool = not self._same_hand(registered_by, msg.sender)
        assert two, "authority: registrar cannot verify"
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
def deputise(post_id: uint256, deputy: address, from_at: uint256, until_at: uint256):
    """
    @notice Let an account act for a post's holder in a term; what it does is recorded as its own.
    @dev By proposal and confirmation only. A term begins no earlier than now, and is named once the
         one before it is over; the holder keeps the post.
    """
    self._only_self()
    assert post_id > 0 and post_id <= self.post_count, "authority: no such post"
    assert deputy != empty(address), "authority: empty deputy"
    assert deputy != self.post[post_id].holder, "authority: holder cannot be the deputy"
    begins_at: uint256 = max(from_at, block.timestamp)
    assert begins_at < until_at and until_at <= M32, "authority: deputy's term out of range"
    busy: bool = self._until(self._deputy[deputy]) > block.timestamp
    assert not busy, "authority: account is a deputy"
    # one term at a time: whoever is relieved is the last
    over: bool = self._last(DEPUTIES, post_id).until_at <= block.timestamp
    assert over, "authority: another deputy's term is not over"
    self._set_deputy(post_id, deputy, begins_at, until_at)


@external
def relieve(post_id: uint256):
    """
    @notice End the last term of a deputy now, or take it back if it has not begun.
    @dev By proposal and confirmation only.
    """
    self._only_self()
    assert self._term_count[DEPUTIES][post_id] > 0, "authority: post has no deputy"
    last: IAuthority.Holding = self._last(DEPUTIES, post_id)
    assert last.until_at > block.timestamp, "authority: deputy's term is over"
    self._relieve(last.holder)


@external
def rotate(new: address, signature: Bytes[65]):
    """
    @notice Put the caller's post, deputy's term and organisation under another account at once.
    @param signature EIP-712 signature of Rotation(old, new) by the new account, so that nothing
           goes to an account that nobody can use.
    """
    self._check_rotation(msg.sender, new, signature)
    self._rotate(msg.sender, new)


@external
def ask_rotation(old: address, new: address, signature: Bytes[65]):
    """
    @notice Ask that everything of an account whose key is lost goes to another account; what nobody
            confirms in seven days is to be asked for again.
    @param signature As rotate takes it.
    """
    assert self._can(msg.sender, duties.REGISTRAR), "authority: caller asks for no rotation"
    self._check_rotation(old, new, signature)
    until_at: uint256 = block.timestamp + ROTATION_S
    self.rotation[old] = IAuthority.Rotation(new=new, asked_by=msg.sender, until_at=until_at)
    log IAuthority.RotationAsked(old=old, new=new, by=msg.sender, until_at=until_at)


@external
def confirm_rotation(old: address, new: address):
    """
    @notice Confirm a rotation that another officer asked for; it happens at once.
    @param new The account that was asked for, so that nobody confirms another than they read.
    """
    assert self._can(msg.sender, duties.VERIFIER), "authority: caller confirms no rotation"
    asked: IAuthority.Rotation = self.rotation[old]
    assert asked.asked_by != empty(address), "authority: no rotation was asked for"
    assert asked.new == new, "authority: another account was asked for"
    assert block.timestamp < asked.until_at, "authority: request for a rotation is over"
    two: bool = not self._same_hand(asked.asked_by, msg.sender)
    assert two, "authority: whoever asked cannot confirm"
    self._check_ends(old, new)
    self._rotate(old, new)


@external
def withdraw(account: address):
    """
    @notice Take an account's post and deputy's term away at once, for a lost or stolen key.
    """
    if not (self._is_administrator(msg.sender) or self._is_council(msg.sender)):
        assert self._can(msg.sender, duties.SUPERVISOR), "authority: caller cannot withdraw accounts"
    post_id: uint256 = self._post(self._standing[account])
    deputises: bool = self._until(self._deputy[account]) > block.timestamp
    assert post_id != 0 or deputises, "authority: account holds no post"
    self._vacate(post_id)
    if deputises:
        self._relieve(account)
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
    @notice Whether an account holds a post with the duty now, or is its deputy.
    @dev Asked at every write of every contract, so it stands here without an inner call.
    """
    standing: uint256 = self._standing[account]
    if standing & duty != 0:
        if block.timestamp >= (standing >> 96) & M32:
            if block.timestamp < (standing >> 128) & M32:
                return True
    return standing & DEPUTISES != 0 and self._can_as_deputy(account, duty)


@external
@view
def duties_of(account: address) -> uint256:
    """
    @notice All duties of an account's own post, whether its term runs or not.
    """
    return self._standing[account] & M96


@external
@view
def post_of(account: address) -> uint256:
    """
    @notice The post an account holds, 0 for none.
    """
    return self._post(self._standing[account])


@external
@view
def deputyship(account: address) -> IAuthority.Deputyship:
    """
    @notice The term for which an account was last named a deputy; post 0 for none.
    """
    word: uint256 = self._deputy[account]
    return IAuthority.Deputyship(
        post_id=self._post(word),
        duties=word & M96,
        from_at=(word >> 96) & M32,
        until_at=self._until(word),
    )


@external
@view
def acts_for(account: address, post_id: uint256) -> bool:
    """
    @notice Whether an account holds a post now, or is its deputy.
    """
    own: uint256 = self._standing[account]
    if post_id != 0 and self._post(own) == post_id and self._runs(own):
        return True
    deputy: uint256 = self._deputy[account]
    return post_id != 0 and self._post(deputy) == post_id and self._runs(deputy)


@external
@view
def post_served(account: address) -> uint256:
    """
    @notice The post an account holds now or, if it holds none, is the deputy of; 0 for none.
    """
    own: uint256 = self._standing[account]
    if self._runs(own):
        return self._post(own)
    deputy: uint256 = self._deputy[account]
    return self._post(deputy) if self._runs(deputy) else 0


@external
@view
def same_hand(one: address, other: address) -> bool:
    """
    @notice Whether two accounts are the same or one took the other's place by rotation, so that an
            act which takes two hands is not done by one.
    """
    return self._same_hand(one, other)


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
    return self._in_term(HOLDERS, post_id, at)


@external
@view
def deputy(post_id: uint256, at: uint256) -> address:
    """
    @notice Who was a post's deputy at a moment; empty for nobody.
    """
    return self._in_term(DEPUTIES, post_id, at)


@external
@view
def holdings(post_id: uint256, number: uint256) -> IAuthority.Holding:
    """
    @notice A holder's term of a post, from 0 in their order; empty beyond the last.
    """
    return self._terms[HOLDERS][post_id][number]


@external
@view
def deputies(post_id: uint256, number: uint256) -> IAuthority.Holding:
    """
    @notice A deputy's term of a post, from 0 in their order; empty beyond the last.
    """
    return self._terms[DEPUTIES][post_id][number]


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
def _require_open(proposal_id: uint256, rule: String[64]):
    state: uint256 = self.proposal[proposal_id].state
    assert state == OPEN, concat(rule, ", is ", states._proposal(state))


@internal
@view
def _is_administrator(account: address) -> bool:
    return account == self.administrator[0] or account == self.administrator[1]


@internal
@view
def _can(account: address, duty: uint256) -> bool:
    return staticcall IAuthority(self).can(account, duty)


@internal
@view
def _can_as_deputy(account: address, duty: uint256) -> bool:
    word: uint256 = self._deputy[account]
    return word & duty != 0 and self._runs(word)


@internal
@view
def _same_hand(one: address, other: address) -> bool:
    return self._first(one) == self._first(other)


@internal
@view
def _first(account: address) -> address:
    origin: address = self._origin[account]
    return account if origin == empty(address) else origin


@internal
@view
def _runs(word: uint256) -> bool:
    return block.timestamp >= (word >> 96) & M32 and block.timestamp < self._until(word)


@internal
@pure
def _until(word: uint256) -> uint256:
    return (word >> 128) & M32


@internal
@pure
def _post(word: uint256) -> uint256:
    return (word >> 160) & M32


@internal
@pure
def _word(post_duties: uint256, from_at: uint256, until_at: uint256, post_id: uint256) -> uint256:
    return post_duties | (from_at << 96) | (until_at << 128) | (post_id << 160)


@internal
def _appoint(post_id: uint256, holder: address, from_at: uint256, until_at: uint256):
    assert holder != empty(address), "authority: empty holder"
    assert from_at < until_at and until_at <= M32, "authority: term out of range"
    assert self._post(self._standing[holder]) == 0, "authority: holder has a post"
    post: IAuthority.Post = self.post[post_id]
    self.post[post_id].holder = holder
    self.post[post_id].from_at = from_at
    self.post[post_id].until_at = until_at
    self._add_term(HOLDERS, post_id, holder, from_at, until_at)
    kept: uint256 = self._standing[holder] & DEPUTISES
    self._standing[holder] = kept | self._word(post.duties, from_at, until_at, post_id)
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
    self._standing[holder] &= DEPUTISES
    self.post[post_id].holder = empty(address)
    self._end_term(HOLDERS, post_id)


@internal
def _add_term(
    whose: uint256, post_id: uint256, account: address, from_at: uint256, until_at: uint256
):
    """
    @dev A term begins no earlier than the one before it ended: terms are found by halving.
    """
    last: IAuthority.Holding = self._last(whose, post_id)
    begins_at: uint256 = max(from_at, max(last.from_at, last.until_at))
    number: uint256 = self._term_count[whose][post_id]
    self._term_count[whose][post_id] = number + 1
    self._terms[whose][post_id][number] = IAuthority.Holding(
        holder=account, from_at=begins_at, until_at=until_at
    )


@internal
def _end_term(whose: uint256, post_id: uint256):
    """
    @dev The last term ends now, if it has not ended before; one that has not begun never was, and
         only the log tells of it.
    """
    number: uint256 = self._term_count[whose][post_id] - 1
    last: IAuthority.Holding = self._terms[whose][post_id][number]
    if last.from_at > block.timestamp:
        self._term_count[whose][post_id] = number
        self._terms[whose][post_id][number] = empty(IAuthority.Holding)
        return
    self._terms[whose][post_id][number].until_at = min(last.until_at, block.timestamp)


@internal
@view
def _last(whose: uint256, post_id: uint256) -> IAuthority.Holding:
    """
    @dev The last term of a post, empty for none.
    """
    count: uint256 = self._term_count[whose][post_id]
    if count == 0:
        return empty(IAuthority.Holding)
    return self._terms[whose][post_id][count - 1]


@internal
@view
def _in_term(whose: uint256, post_id: uint256, at: uint256) -> address:
    """
    @dev The last term that had begun at a moment, if it was not over; terms are in their order.
    """
    low: uint256 = 0
    high: uint256 = self._term_count[whose][post_id]
    for _: uint256 in range(256):
        if low == high:
            break
        middle: uint256 = (low + high) // 2
        if self._terms[whose][post_id][middle].from_at <= at:
            low = middle + 1
        else:
            high = middle
    if low == 0 or at >= self._terms[whose][post_id][low - 1].until_at:
        return empty(address)
    return self._terms[whose][post_id][low - 1].holder


@internal
def _set_deputy(post_id: uint256, deputy: address, from_at: uint256, until_at: uint256):
    post_duties: uint256 = self.post[post_id].duties
    self._add_term(DEPUTIES, post_id, deputy, from_at, until_at)
    self._deputy[deputy] = self._word(post_duties, from_at, until_at, post_id)
    self._standing[deputy] |= DEPUTISES
    log IAuthority.DeputyNamed(
        post_id=post_id, deputy=deputy, duties=post_duties, from_at=from_at, until_at=until_at
    )


@internal
def _relieve(deputy: address):
    post_id: uint256 = self._post(self._deputy[deputy])
    self._end_term(DEPUTIES, post_id)
    self._deputy[deputy] = 0
    self._standing[deputy] &= ~DEPUTISES
    log IAuthority.DeputyRelieved(post_id=post_id, deputy=deputy, ended_at=block.timestamp)


@internal
@view
def _check_rotation(old: address, new: address, signature: Bytes[65]):
    self._check_ends(old, new)
    request: bytes32 = keccak256(abi_encode(ROTATION, old, new))
    assert self._signed_by(request, signature) == new, "authority: new account did not sign"


@internal
@view
def _check_ends(old: address, new: address):
    """
    @dev There is something to move, and nothing that it could be mixed up with.
    """
    verified: bool = self.org[self.org_of[old]].verified_at != 0
    deputises: bool = self._until(self._deputy[old]) > block.timestamp
    holds: bool = self._post(self._standing[old]) != 0
    assert holds or deputises or verified, "authority: old account has nothing to hand on"
    assert new != empty(address), "authority: new account is empty"
    free: bool = (
        self._post(self._standing[new]) == 0
        and self._until(self._deputy[new]) <= block.timestamp
        and self.org[self.org_of[new]].verified_at == 0
        and self._origin[new] == empty(address)
        and new != old
    )
    assert free, "authority: new account is in use"


@internal
def _rotate(old: address, new: address):
    """
    @dev What a term still had to run goes on under the new account; the past stays the old one's.
    """
    self.rotation[old] = empty(IAuthority.Rotation)
    self._origin[old] = self._first(old)
    self._origin[new] = self._first(old)
    deputy: uint256 = self._deputy[old]
    if self._until(deputy) > block.timestamp:
        self._relieve(old)
        begins_at: uint256 = max((deputy >> 96) & M32, block.timestamp)
        self._set_deputy(self._post(deputy), new, begins_at, self._until(deputy))
    standing: uint256 = self._standing[old]
    post_id: uint256 = self._post(standing)
    if post_id != 0:
        self._vacate(post_id)
        if self._until(standing) > block.timestamp:
            from_at: uint256 = max((standing >> 96) & M32, block.timestamp)
            self._appoint(post_id, new, from_at, self._until(standing))
    org_id: uint256 = self.org_of[old]
    if self.org[org_id].verified_at != 0:
        self.org[org_id].account = new
        self.org_of[old] = 0
        self.org_of[new] = org_id
    else:
        org_id = 0
    log IAuthority.AccountRotated(
        old=old, new=new, by=msg.sender, post_id=post_id, org_id=org_id
    )


@internal
@view
def _signer(
    name: String[64], credit_code: String[18], account: address, signature: Bytes[65]
) -> address:
    request: bytes32 = keccak256(
        abi_encode(REGISTRATION, keccak256(name), keccak256(credit_code), account)
    )
    return self._signed_by(request, signature)


@internal
@view
def _signed_by(request: bytes32, signature: Bytes[65]) -> address:
    """
    @dev Whose EIP-712 signature it is; empty for a broken one.
    """
    domain: bytes32 = keccak256(
        abi_encode(DOMAIN, keccak256("Waterline"), keccak256("1"), chain.id, self)
    )
    return signatures._signer(keccak256(concat(x"1901", domain, request)), signature)
