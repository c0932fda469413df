/**
 * Every coded error of Holon. A message says what failed and on which thing; `next` says what to do.
 * `docs/reference/errors.md` is held against this table by a test, both ways.
 */
import type { Account } from "./api/account.ts";

interface ErrorRow {
  /** What the code means, in general. */
  readonly means: string;
  /** The next step, unless the place that raises it knows a better one. */
  readonly next: string;
  /** Whether the same call may succeed later without anybody's doing. */
  readonly retriable: boolean;
}

const row = (means: string, next: string, retriable = false): ErrorRow => ({ means, next, retriable });

export const errorTable = {
  HOLON_ADOPTION_UNSIGNED: row("What a node is made of is to be adopted by two people, and is not signed by two whom its own configuration names.", "Two of the node's signers sign it: one runs `holon node adopt NAME --key FILE --as NAME`, another `holon approval sign ID --key FILE --as NAME`. On its machine `holon node measure FILE --adopt` takes none."),
  HOLON_APPROVAL_BAD: row("An approval is not there, has ended, or is the asker's own.", "See `holon approval list`; nobody approves what they asked for."),
  HOLON_APPROVAL_FULL: row("As many calls wait for approval as may.", "Approve or reject some of them: `holon approval list`.", true),
  HOLON_APPROVAL_PENDING: row("The policy wants another person to approve the call.", "Have another person run `holon approval approve ID`, then call again as you did."),
  HOLON_APP_BAD: row("An app manifest does not fit its schema.", "Mend the named field; the manifest's schema is in docs/reference/schema.md."),
  HOLON_APP_MISSING: row("An app manifest was not found.", "Give the folder that holds holon.app.ts, .yaml or .json."),
  HOLON_ARGUMENT_BAD: row("A command was called with an argument it does not take.", "Run the command with --help."),
  HOLON_ALERT_FULL: row("More times are silenced than a node keeps.", "End one of them: `holon alert silence --end NAME`."),
  HOLON_ALERT_UNKNOWN: row("No alert, and nothing silenced, goes by that name here.", "See `holon alert list`."),
  HOLON_ANSWER_BAD: row("A function answered a request with what is no answer.", "Mend the function: what it returns is JSON, and the status of a `reply` a whole number from 200 to 599."),
  HOLON_ANSWER_WITHHELD: row("A function answered with what may not leave its node.", "It was handed something more sensitive than its trigger says, and no rule lets it lower that. Ask on its node; or add a rule that `does lower` for it to the policy."),
  HOLON_API_BUSY: row("A person or an API token calls more often than one may.", "Call again after the time that the message says; many readings belong in a door, not in calls.", true),
  HOLON_API_TIMEOUT: row("An API is there and did not answer within the time that is waited for; what was asked of it may have been done.", "Ask again in a moment; if it stays so, see on its machine whether the node is stopped or has too little processor time or memory.", true),
  HOLON_API_UNAUTHORISED: row("The API was called without a valid token.", "Log in with `holon login NAME`, or use the token in the control node's data folder."),
  HOLON_API_UNPROVED: row("What answers at an address does not prove that it is a node of this data folder, so that no token is shown to it.", "Name the node's own data folder with --data and its own address with --api; start a node of a version before this one again. For an API behind a tunnel or a proxy log in (`holon login NAME`), or set HOLON_TOKEN."),
  HOLON_API_UNREACHABLE: row("No control API answers at the address.", "Start it with `holon up`, or name another address with --api.", true),
  HOLON_BATCH_BAD: row("A batch of a producer does not parse, or holds a text that is no JSON.", "Mend the producer, or use the one of the sdk: nothing of the batch was taken."),
  HOLON_BLOB_AWAITED: row("A blob is not on this node yet: it has asked the node above for it.", "Nothing to do: it is asked for again, and sent on when it comes.", true),
  HOLON_BLOB_BAD: row("A blob's content does not have the hash that names it.", "Fetch it again; if it repeats, publish the app again.", true),
  HOLON_BLOB_BUSY: row("A node below asked for more blobs at a time than this node takes on.", "Nothing to do: it asks again later.", true),
  HOLON_BLOB_MISSING: row("A blob is not on this node and could not be fetched.", "Restore the link to the parent, or deploy the app again.", true),
  HOLON_BLOB_TIMEOUT: row("A blob was asked for again and again over an open link and did not come.", "Nothing to do: the link is made anew. If it repeats, look at the node that is named.", true),
  HOLON_CALL_BUSY: row("Too many calls wait for an answer.", "Call again later.", true),
  HOLON_CALL_DENIED: row("A node asked for what only a neighbour of the one that answers may ask.", "Nothing to do, unless it repeats: then look at the node that asked; the trail names it."),
  HOLON_CALL_TIMEOUT: row("A call over the link was not answered before its deadline.", "Check the link with `holon node list`.", true),
  HOLON_CALL_TOO_LARGE: row("A call's request or answer is over the size limit.", "Ask for less at a time; large data belongs in a blob."),
  HOLON_CALL_UNKNOWN: row("A call names a method that the peer does not have.", "Update the older of the two nodes."),
  HOLON_CHIP_LOST: row("A node's identity is bound to its TPM, and that no longer signs for it.", "The node works on alone. If its TPM was cleared or replaced, `holon node invite NAME` where control runs, then `holon node enroll --token TOKEN` here; else see that the TPM is on and that the node's user may use it (group tss)."),
  HOLON_CHIP_REFUSED: row("A request for a certificate lacks the signature of the TPM that the node's identity is bound to.", "If it was the node itself, its TPM was cleared or replaced: `holon node invite NAME` where control runs, and enrol it anew. If not, somebody has a copy of its key or its disk: see `holon.node.refused` in the trail."),
  HOLON_COMMAND_FAILED: row("A declared command could not be started on a node.", "See that the program is there and that the node's user may start it."),
  HOLON_COMMAND_UNKNOWN: row("A node has no declared command of that name.", "See `holon node commands NODE`; more are declared under `diagnosis` of its holon.node.yaml."),
  HOLON_COLLECTOR_REFUSED: row("The collector that telemetry goes to does not know who asks, or that address, or what answers there is a web page, or names an error, and is no collector.", "Look at `telemetry.export` of its holon.node.yaml: `url` is the collector's without /v1/…, `secretHeaders` names the secrets that it wants to see. What is to go there waits in the log, and is tried again.", true),
  HOLON_COLLECTOR_UNREACHABLE: row("The collector that telemetry goes to does not answer, or can take nothing now.", "See whether it runs, and can be reached from that node. What is to go there waits in the log, and is tried again.", true),
  HOLON_CONTROL_ELSEWHERE: row("The API that was called is that of a node without control, which knows nothing of the fleet.", "Name the API of the node that carries control with --api, on its machine: 7400 where its configuration says nothing else."),
  HOLON_CONFIG_BAD: row("A node's configuration does not fit its schema.", "Mend the named field of holon.node.yaml."),
  HOLON_COUNTER_FULL: row("A source has more devices that count than are followed.", "Give the devices to several sources; readings of further devices are taken in, repeats included."),
  HOLON_DATA_IN_USE: row("Another process holds the data folder.", "Stop the other process, or name another folder with --data."),
  HOLON_DATA_BAD: row("What is named as the data folder is no folder, or none can be made there.", "Name a folder on a disk with --data."),
  HOLON_DIAGNOSIS_AWAY: row("A node has not answered a request yet: it is away, or still at it.", "Look again with `holon node result ID`; it is done once, when the node is there.", true),
  HOLON_DIAGNOSIS_CUT: row("A node ended in the midst of what it was asked to do; it is not done a second time.", "Look what became of it, then ask again."),
  HOLON_DIAGNOSIS_EXPIRED: row("A request waited for its node until its time was over; it was not done.", "Ask again, with more time: `forMs` in the call, or `holon node bundle NAME --for 30d` for example."),
  HOLON_DIAGNOSIS_FULL: row("As many requests wait, or results are kept, as may be.", "Fetch or cancel some of them: `holon node requests`.", true),
  HOLON_DIAGNOSIS_GONE: row("A request is not known here, or its result is kept no more.", "See `holon node requests`, or ask again."),
  HOLON_DISCOVERY_FAILED: row("The nodes of this site cannot be looked for.", "Give each sibling an address in holon.node.yaml, or let multicast through.", true),
  HOLON_DISK_FAILED: row("The disk refused an operation.", "Check the disk; what was acknowledged is still in the log."),
  HOLON_DISK_FULL: row("The disk is full.", "Free space on the volume of the data folder, then start again; what was acknowledged is kept.", true),
  HOLON_DISK_MISSING: row("A file of the data folder is missing.", "Restore the data folder from a backup, or name another with --data."),
  HOLON_DISK_READ_ONLY: row("The data folder cannot be written.", "Give this user write access to it, or name another with --data."),
  HOLON_EVENT_BAD: row("An event's data does not fit the schema of the function that it is for.", "Mend what makes the event, or the function's schema."),
  HOLON_EVENT_UNKNOWN: row("No event of that name was set aside.", "See `holon function failed`, at the node whose function could not handle it."),
  HOLON_EXPORT_TOO_LARGE: row("An app does not fit into the files that it was to be exported to.", "Export it as `compose` or `systemd`, or put its folder `app` into an image of your own."),
  HOLON_FIT_UNGRANTED: row("Parameters of a model were made by somebody whom the app's manifest does not grant it, or for another graph, or of another size.", "Say under `fit` of the model in the manifest who may fit it and of what shape; deploy it again, signed by its publisher."),
  HOLON_FRAME_BAD: row("A frame on the link does not parse.", "Update the older of the two nodes; the link is closed and tried again.", true),
  HOLON_IDEMPOTENCY_OPEN: row("A call with this idempotency key is being made, or was cut off before its end was known.", "Call again in a moment; if it stays so, look whether the call took effect, and use a new key if it did not.", true),
  HOLON_IDEMPOTENCY_OTHER: row("An idempotency key was used for another call, or its answer was shown once and is kept nowhere.", "Use a new key for a new call."),
  HOLON_IDENTITY_EXPIRED: row("A node's certificate is beyond its date.", "Nothing to do: the node asks for a new one with the key of the old, and links when it has it.", true),
  HOLON_IDENTITY_FALSE: row("A node said another name, or another site, than its certificate does.", "Mend name and site in its holon.node.yaml, or enrol it under them; if neither explains it, revoke the certificate that is named."),
  HOLON_IDENTITY_FULL: row("As many nodes are revoked as may be.", "Begin a new authority: the list has grown beyond what a link should carry."),
  HOLON_IDENTITY_MISSING: row("A node has no certificate.", "Make a token with `holon node invite NAME` where control runs, then `holon node enroll --token TOKEN` here."),
  HOLON_IDENTITY_REVOKED: row("A node's certificate was revoked.", "If the node is to come back, invite and enrol it again."),
  HOLON_IDENTITY_SERIES: row("A certificate, or what one signed, is under a key of the authority that was replaced because it was stolen.", "Nothing to do where it is a node of yours: it asks for a new one with the key of the old, and links when it has it. What control gave no certificate to is refused there: see `holon.node.refused` in its trail.", true),
  HOLON_IDENTITY_UNTRUSTED: row("A certificate, or what one signed, is not of this fleet's authority.", "Check the address; if it is right, somebody else answers there. A node of another fleet is enrolled in this one first."),
  HOLON_IMAGE_BAD: row("An image is no OCI archive, is not what its digests say, or holds what no program is given.", "Build it again as an OCI archive (`oci-archive`); see docs/concepts/images.md for what it may hold."),
  HOLON_INTERNAL: row("A defect of Holon.", "Please report it with the message and the steps that led here."),
  HOLON_INTERRUPTED: row("A signal ended a command before it was done.", "Run it again; what was acknowledged is kept."),
  HOLON_INVITATION_BAD: row("An invitation does not fit, has ended, or is not known.", "Make a new one with `holon node invite NAME`."),
  HOLON_INVITATION_USED: row("An invitation was used already, by another key.", "Make a new one with `holon node invite NAME`; if nobody of yours used it, revoke the node that did."),
  HOLON_JSON_NUMBER: row("A document holds a number that JSON has no form for: it is infinite, or none.", "Write a number of at most 1.7e308 where the message says."),
  HOLON_LEAD_MISSING: row("A node was asked as the lead of its site and does not lead it.", "Ask again: an election takes some seconds; `holon site list` shows the lead."),
  HOLON_LEASE_OVER: row("What may run in one place only was not stored: the lease under which it was made is over.", "Nothing to do: it goes on here when control, or the lead of the site, lets it, or where it was started meanwhile.", true),
  HOLON_LINK_CUT: row("The link was cut on purpose.", "Heal it with `holon link heal NODE`.", true),
  HOLON_LINK_FORK: row("A stream has two histories: a cloned or restored log.", "Both are kept, the second as a branch. If two machines run from copies of one disk, give one of them a name of its own."),
  HOLON_LINK_REFUSED: row("The other end of a link is not the node that was expected.", "Check the address and the name in holon.node.yaml."),
  HOLON_LINK_UNREACHABLE: row("The parent does not answer.", "Nothing to do: the node works on alone and tries again.", true),
  HOLON_LOG_CLOSED: row("The log is closed.", "Start the node again."),
  HOLON_LOG_ENDS_EARLY: row("The log ends before what its parent has of it: files were cut short, removed or put back from a backup.", "What the parent has stays there, what only this log had is gone; the node goes on by itself, beside the earlier history. Start it again to go on."),
  HOLON_LOG_DAMAGED: row("Records of the log are damaged on disk.", "The rest is served and the lost records are reported upward, once: start it again to go on."),
  HOLON_LOG_SEALED: row("The log is encrypted, and its keys are not here.", "Put them back: `log-keys.json` or `log-keys.copy.json` of the node's folder, and what those are sealed with, its file in `keys` beside that folder, or its TPM. Without them nobody can read the log; to begin another, put the node's `log` away."),
  HOLON_LOG_FORMAT: row("A log was written by an unknown format version.", "Start it with the version of Holon that wrote it."),
  HOLON_LOGIN_BUSY: row("More people log in at a time than are answered.", "Log in again in a moment.", true),
  HOLON_LOGIN_ENDED: row("A login with the identity provider is not under way: it was answered already, took too long, or was begun by somebody else.", "Begin it again: `holon login`."),
  HOLON_LOGIN_LOCKED: row("Too many wrong passwords came for a name, or from an address.", "Wait as long as the message says; on the machine of control, `holon user password NAME` sets another at once.", true),
  HOLON_LOGIN_REFUSED: row("The name or the password is wrong.", "Log in again; an owner sets another password with `holon user password NAME`."),
  HOLON_LINK_UPSIDE_DOWN: row("A node that stands above this one, or has its name, connected as if it stood below; or one that is of no tier above answered in the parent's place.", "Mend `parent` in that node's holon.node.yaml, and name a parent of the same tier under `uplink.node`; if it names the right one, somebody uses its certificate: revoke it."),
  HOLON_MEASURE_BAD: row("The record of what was adopted of a node is not as the node's key wrote it.", "See who changed it; if the node is as it should be, say so: `holon node adopt NAME --because TEXT`, or on its machine `holon node measure FILE --adopt --because TEXT`."),
  HOLON_MEASURE_OTHER: row("What a node is made of is not what was to be adopted.", "Look again what differs (`holon node show NAME`), and adopt that if it is well."),
  HOLON_MODEL_BUSY: row("More calls wait for models than a node takes on.", "Call again later, or call with several rows at a time.", true),
  HOLON_MODEL_DOCUMENT_BAD: row("A model's document does not say what its graph is.", "Register it with `holon model register`, which reads the graph."),
  HOLON_MODEL_INPUT_BAD: row("A model was called with inputs that do not fit its graph.", "Compare the call with the inputs that the message names."),
  HOLON_MODEL_MISSING: row("No model of that name or version is known.", "See `holon model list`."),
  HOLON_MODEL_NOT_ONNX: row("A model file is no ONNX graph.", "Export the model as ONNX and deploy again."),
  HOLON_MODEL_TOO_LARGE: row("A model needs more memory than all models of a node may take.", "Make it smaller with `holon model optimize`, or run it on a larger node."),
  HOLON_MODEL_UNSUPPORTED: row("A model needs an operator that no runtime of this node has.", "Export it with the operators of ONNX opset 21 or lower."),
  HOLON_MODEL_WORSE: row("A smaller variant of a model loses more accuracy than is allowed.", "Allow more, or choose a gentler method; nothing was registered."),
  HOLON_MOVE_REFUSED: row("Control does not give a unit that moves to this node: it is elsewhere by now, or went back.", "Nothing is to be done: the node's next document says where the unit is.", true),
  HOLON_NODE_ALTERED: row("A file of a node is not what was adopted.", "See who changed it; after an upgrade say that it is well: `holon node adopt NAME --because TEXT`; else put it back."),
  HOLON_NODE_HELD: row("The program of a node is not what was adopted: it hands out no secrets and takes nothing new; what ran goes on.", "After an upgrade of yours: `holon node adopt NAME --because TEXT`. Else see who changed it, and put it back: then it goes on by itself.", true),
  HOLON_NODE_UNKNOWN: row("No node of that name is known.", "See `holon node list`."),
  HOLON_OUTPUT_FAILED: row("What a command says cannot be written.", "Free space where its output goes, or send it elsewhere."),
  HOLON_OVERLAY_REFUSED: row("The lead of a site grants what control has not left to the site, or takes back what it may not.", "See `holon.site.refused` in the trail of the node that refused; look at the lead."),
  HOLON_PLACEMENT_UNMET: row("No node may run a part of an app, or none has room.", "The message gives the reason for each node; change the app's `needs`, or the fleet. `holon app deploy --dry-run` shows what would come of it."),
  HOLON_PLAN_MISSING: row("There is no plan that could be shown or explained.", "Deploy an app whose functions have `needs`; what has none runs on every node of its tier."),
  HOLON_POLICY_BAD: row("The text of a policy does not parse.", "Mend the line that the message names; docs/concepts/residency.md shows a whole policy."),
  HOLON_POLICY_DENIED: row("The guard denied it.", "The reason names the rule. Of data and of apps: change the app's egress or the policy; of a call: ask an owner for another role."),
  HOLON_POLICY_MISSING: row("No policy is in force: what leaves is decided by the `egress` of apps.", "Adopt one with `holon policy set FILE`."),
  HOLON_POLICY_UNMET: row("A policy decides otherwise than its own expectations say.", "Run `holon policy test FILE`, then mend the rule or the expectation."),
  HOLON_PORT_TAKEN: row("An address is already in use.", "Stop the other process, or choose another port."),
  HOLON_PRODUCER_BUSY: row("A producer holds as much as it may that the node has not stored yet.", "Wait for room() and publish again.", true),
  HOLON_PRODUCER_CLOSED: row("A producer was closed before the node had stored all of it.", "Wait for flush() before closing."),
  HOLON_PRODUCER_FENCED: row("A producer that began later has the same name: this one may send no more.", "Give each producer a name of its own; what this one sent and had acknowledged is kept."),
  HOLON_PRODUCER_FULL: row("A source remembers as many producers as it may.", "Let producers keep their names when they start again; names made up anew each time are remembered for ever."),
  HOLON_PRODUCER_GAP: row("A producer left out events between what is stored and what it sent.", "Start the producer again: it goes on behind what is stored."),
  HOLON_PROVIDER_BAD: row("The identity provider answers what no OpenID provider should.", "Compare `provider` of the configuration with the provider's own settings; local accounts go on."),
  HOLON_PROVIDER_MISSING: row("No identity provider is configured here.", "Log in with a local account: `holon login NAME`; or add `provider` to the holon.node.yaml of the node with control."),
  HOLON_PROVIDER_REFUSED: row("What the identity provider said of somebody does not prove who they are, or it said no.", "Begin again with `holon login`; if it repeats, compare issuer and client with the provider's settings. Local accounts go on."),
  HOLON_PROVIDER_TIME: row("The identity provider and this machine do not agree on what time it is.", "Set the clock of whichever is wrong; until then log in with a local account: `holon login NAME`."),
  HOLON_PROVIDER_UNMAPPED: row("The identity provider knows a person to whom no role is mapped here.", "Have the person put into a group that `provider.roles` of the configuration names."),
  HOLON_PROVIDER_UNREACHABLE: row("The identity provider does not answer.", "Log in with a local account: `holon login NAME`; or try again when the provider can be reached.", true),
  HOLON_QUOTE_BAD: row("What a node's TPM should have signed of it is not that.", "Nothing to do if it does not repeat; else look at the node: its program, its TPM, who has it."),
  HOLON_RECORD_TOO_LARGE: row("A record is over the size limit.", "Send smaller events; large data belongs in a blob."),
  HOLON_REDUCTION_TELLS: row("A reduction would tell more of what it is handed than its kind says.", "Declare it as the message says and deploy the app again. Until then what it makes keeps the class of what it is handed, and stays in `local`."),
  HOLON_ROOT_KEY_AWAY: row("The key of the authority's root is not here.", "Bring it: name the file that it was taken to."),
  HOLON_RUN_INCOMPLETE: row("A run ended, and what is in the logs is not what went in.", "Look at what the report counts as lost, duplicated, reordered or raw at the cloud; `holon doctor` and the log's own reports say what happened."),
  HOLON_SERIES_BAD: row("A block of columns cannot be made or read.", "Read it with the version of Holon that wrote it; if it repeats, look at who wrote it."),
  HOLON_SEAL_BAD: row("A sealed file was altered, or is not what it should be.", "Deploy the app again from its publisher; if it repeats, look at who holds its blobs."),
  HOLON_SEAL_CLOSED: row("A file is sealed to other sites, or to another key of this one.", "On a node of the site: `holon site key`. Have the publisher trust that key and deploy again, or have a member share it."),
  HOLON_SEAL_KEY_MISSING: row("A publisher has no key of a site that he could seal to.", "Have `holon site key --public FILE` run on a node of the site, then `holon publisher trust FOLDER FILE --fingerprint …`."),
  HOLON_SEAL_KEY_OTHER: row("What is shown as the key of a site is not the one that is known.", "Do not seal to it. Ask somebody at the site for the fingerprint that `holon site key` shows there; --replace only if the site has made a new key."),
  HOLON_SECRET_LEAKED: row("A function put a secret into what it emits, shares or stores.", "Mend the function: a secret is for proving who asks, not for events. Nothing of the batch was stored."),
  HOLON_SECRET_MISSING: row("A function's app names a secret that its node does not have.", "Put it into secrets.json in the node's own folder, `NAME/` in the data folder."),
  HOLON_SECRETS_BAD: row("A node's file of secrets does not parse, or lacks one that its configuration names.", "Mend `secrets.json` in the node's own folder, `NAME/` in the data folder: one JSON object of names and texts of 8 characters or more."),
  HOLON_SECRETS_EXPOSED: row("Others than the node's own user may read or write its file of secrets.", "Take their rights away: chmod 600, and let the file belong to the user that the node runs as."),
  HOLON_SHARED_BAD: row("Shared state was used otherwise than it is declared, or does not parse.", "Declare it under `shared` of the app manifest, and use it as the kind that it is declared as."),
  HOLON_SHARED_FULL: row("Shared state is over its limit.", "Keep less of it, or in more keys; large data belongs in a stream."),
  HOLON_SHELL_ENDED: row("A shell on a node has ended, or is another one.", "Open another one: `holon node shell NODE`."),
  HOLON_SHELL_OFF: row("A node's own configuration allows no shell.", "Whoever stands at the node names two signers under `diagnosis.shell` of its holon.node.yaml; until then use declared commands."),
  HOLON_SHELL_UNSIGNED: row("A shell, or what was typed into it, is not signed by those whom the node names.", "Two of the node's signers sign it: one opens it (`holon node shell NAME --key FILE --as NAME`), another approves it (`holon approval sign ID --key FILE --as NAME`)."),
  HOLON_SIBLING_UNKNOWN: row("A node that is no enrolled member of the site asked for what only members may.", "Name it under siblings in the holon.node.yaml of every member."),
  HOLON_SIGNATURE_AHEAD: row("Signed metadata has a version far ahead of all that was served before, as nobody signs who signs one after the other.", "If the publisher did not sign it, somebody has his online key: he runs `holon publisher rotate` and deploys again. Nothing of it is served."),
  HOLON_SIGNATURE_BAD: row("Signed metadata of what may run does not parse.", "Publish anew with `holon publisher sign`; what was verified before runs on."),
  HOLON_SIGNATURE_EXPIRED: row("Signed metadata has expired, by a clock that can be trusted.", "Sign anew with `holon publisher sign`; what was verified before runs on."),
  HOLON_SIGNATURE_MISSING: row("Something is to run that its publisher, or the control plane, has not signed for this node.", "Sign it with `holon publisher sign` and deploy again; what its publisher is not to sign is removed: `holon app remove NAME`. What was verified before runs on."),
  HOLON_SIGNATURE_MIXED: row("Signed metadata of different moments was put together, or a signed name stands for other content.", "Deploy again; if it repeats, look at who changed what control serves. What was verified before runs on."),
  HOLON_SIGNATURE_ROLLED_BACK: row("Signed metadata is older than what this node has verified before.", "Sign anew with `holon publisher sign`: versions only rise. If that is refused too, somebody else has signed higher ones with the publisher's online key: `holon publisher rotate`. What was verified before runs on."),
  HOLON_SIGNATURE_UNMET: row("Fewer keys have signed than the role asks for, or other keys.", "Sign with as many of the role's keys as its threshold says; what was verified before runs on."),
  HOLON_SIM_BUSY: row("Control lives through another copy of the fleet, and does one at a time.", "Ask again when it is done, or simulate on your own machine: `holon plan simulate --here`.", true),
  HOLON_SIM_SKIPPED: row("A scenario of the simulator cannot run here.", "Put what it names beside the repository, or choose another scenario."),
  HOLON_SIM_TOO_LARGE: row("A simulation of the fleet took more time or memory than control gives it.", "Ask for fewer hours, or simulate on your own machine: `holon plan simulate --here`."),
  HOLON_SIM_VIOLATION: row("A simulated run broke an invariant.", "Replay it with the seed that the message names."),
  HOLON_SOURCE_CHANGED: row("A source file was changed or replaced while it was played.", "Play the file as it is now afresh: without --continue."),
  HOLON_SOURCE_COLUMN_MISSING: row("A file lacks a column that the source's map names.", "Correct the column map, or the file's header."),
  HOLON_SOURCE_EMPTY: row("A source file holds no rows.", "Give a file with a header and at least one row."),
  HOLON_SOURCE_MESSAGE_BAD: row("A message from a device cannot be taken in.", "Mend what the device publishes, or the source's topics; the message was acknowledged and set aside."),
  HOLON_SOURCE_MISSING: row("A source file does not exist.", "Correct the path."),
  HOLON_SOURCE_NOT_A_FILE: row("A source path is a folder.", "Name a file in it."),
  HOLON_SOURCE_ROW_BAD: row("A row of a source does not parse.", "Mend the row, or let bad rows be set aside with --bad-rows skip."),
  HOLON_SOURCE_UNREADABLE: row("A source file cannot be read.", "Check the file's permissions and that it is what its ending says."),
  HOLON_SOURCE_UNKNOWN: row("A producer named another source than the one it reached.", "Correct the source's name, or the address that the producer dials."),
  HOLON_STATE_TOO_LARGE: row("A function's state is over its limit.", "Keep less, or in more keys; see limits.ts."),
  HOLON_STREAM_BAD: row("An event names a stream that a node does not have.", "Use alarm, data, telemetry, audit or local."),
  HOLON_TABLE_BAD: row("A file of rows, a curve or a trace, lacks a column, or a row does not hold what its column wants.", "Mend the named line of the file."),
  HOLON_TOKEN_BAD: row("An API token does not fit, or none of that name is there.", "See `holon token list`; a token is of a role that its maker may give."),
  HOLON_TPM_FAILED: row("The TPM of this machine did not do what it was asked.", "See that it is on, that the node's user may use it (group tss) and that Debian's tpm2-tools are installed.", true),
  HOLON_TRACE_UNKNOWN: row("No span of that trace is here.", "Ask another node or control, or for an earlier time with `since`; only what is followed has spans."),
  HOLON_UNIT_BAD: row("A function's module does not load.", "Mend the module; its default export must be defineFunction({…})."),
  HOLON_UNIT_DIED: row("A function's worker ended by itself.", "See the message; the node starts it again from its last position.", true),
  HOLON_UNIT_HELD: row("A function or reduction does not start by itself: its node ended without stopping, several times in a row, while it ran.", "See what ended the node (`holon node logs`, the system's own journal: memory, a signal). Then deploy it mended, or let it start again with `holon function release`."),
  HOLON_UNIT_INTERRUPTED: row("A function's sandbox ended with the process it shared, for another function's sake or to find out whose.", "Nothing to do: it is started again at once from its last position.", true),
  HOLON_UNIT_THREW: row("A function threw an error.", "Mend the function; the event it failed on is named."),
  HOLON_UNIT_TIMEOUT: row("A function took longer than its limit.", "Raise its timeoutMs, or make it faster."),
  HOLON_UNIT_UNKNOWN: row("There is no such function or model.", "See `holon app list` for what is deployed."),
  HOLON_UNIT_UNSUPPORTED: row("A function needs what this node does not have.", "See the message; or place the function on another node."),
  HOLON_USER_BAD: row("A user does not fit, is not there, or is there already.", "See `holon user list`."),
  HOLON_USER_LAST_OWNER: row("The fleet would be left without an owner.", "Make another owner first: `holon user add NAME --role owner`."),
  HOLON_VAULT_CLOSED: row("What is sealed to a node cannot be opened: its key is gone, or is another's.", "Put the key back where `vault.json` of the node's folder says that it is; or remove what was sealed and enrol the node again."),
  HOLON_VERSION_OTHER: row("What is to be changed is at another version than the caller knows.", "Get it again, look at what has changed, and call with its `ETag` in `If-Match`."),
  HOLON_WATCH_FULL: row("As many watch the control plane as may.", "End other watches, or come back later.", true),
  HOLON_WINDOW_FULL: row("More events wait in a function's windows than it may hold.", "Use shorter windows, less lateness or keepMs, or fewer subjects; the events are in the log and were told as holon.window.refused."),
} as const satisfies Readonly<Record<string, ErrorRow>>;

export type ErrorCode = keyof typeof errorTable;

/** An operating failure with a code. */
export class HolonError extends Error {
  override readonly name = "HolonError";
  readonly code: ErrorCode;
  readonly next: string;
  readonly retriable: boolean;
  /** After which the same call may be made again, where that is known. */
  readonly retryAfterMs: number | undefined;
  /** As of when, and of whom nothing is known, where that may be why. */
  readonly known: Account | undefined;

  constructor(code: ErrorCode, message: string, options: { readonly next?: string; readonly cause?: unknown; readonly retryAfterMs?: number; readonly known?: Account } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.next = options.next ?? errorTable[code].next;
    this.retriable = errorTable[code].retriable;
    this.retryAfterMs = options.retryAfterMs;
    this.known = options.known;
  }

  /** `{code, message, next, retriable}`, the form in which an error crosses the API and the link. */
  toJSON(): { code: ErrorCode; message: string; next: string; retriable: boolean } {
    return { code: this.code, message: this.message, next: this.next, retriable: this.retriable };
  }
}

export const isErrorCode = (text: unknown): text is ErrorCode => typeof text === "string" && Object.hasOwn(errorTable, text);

/** The error itself if it has a code, else a defect wrapped as `HOLON_INTERNAL`. */
export function toHolonError(error: unknown): HolonError {
  if (error instanceof HolonError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new HolonError("HOLON_INTERNAL", message, { cause: error });
}

/** A bug, not an operating failure: stops the unit it happens in. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new HolonError("HOLON_INTERNAL", `assertion failed: ${message}`);
}

/** Marks the branch that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new HolonError("HOLON_INTERNAL", `unreachable: ${String(value)}`);
}
