/* SPDX-License-Identifier: Apache-2.0 */
/* The commands, in the order of `deskbell --help`. */
#include "ctl.h"

static const struct ctl_command commands[] = {
    {"up", "--dir DIR [--config FILE] [--log-level LEVEL]", "run a whole desk in the foreground",
     "Makes what is missing in DIR (configuration, secrets, keys), starts a private Redis unless the configuration\n"
     "names one, starts the programs the configuration needs, and prints \"ready\" when all accept.\n"
     "DIR/endpoints.json then says where each listens, DIR/pids.json who they are.\n"
     "Whatever dies is started again. SIGTERM or Ctrl-C drains and stops in order; a second one kills.\n",
     false, cmd_up},
    {"events", "[--since CURSOR] [--limit N] [--follow]", "the journal as CloudEvents, one JSON object a line",
     "Each line carries its \"cursor\"; --since CURSOR goes on behind it. --follow waits for more.\n", false, cmd_events},
    {"event", "ID [--original]", "one contact event, or the untouched bytes it was made from", NULL, false, cmd_event},
    {"blob", "SHA256", "a stored attachment or body by its digest", NULL, false, cmd_blob},
    {"trace", "ID|REFERENCE|ADDRESS|MESSAGE-ID|PROVIDER-ID", "where a message is, what happened to it, when and why",
     "Takes the id of an event, conversation, work item or outbound message, the reference a customer was told, an e-mail\n"
     "address or phone number, a Message-ID, or the id a provider gave.\n", false, cmd_trace},
    {"queue", "ls | show QUEUE | held | aside | claim [QUEUE] | accept|decline|hold|snooze|resume|reopen|done|requeue ITEM [OPTION]...",
     "agents' queues: see, take, put aside, end, hand on",
     "ls                                       waiting, late, on duty, able to take one now\n"
     "show QUEUE [--limit N]                   its work items, the most urgent first\n"
     "held [--limit N]                         what is in agents' hands, the longest first\n"
     "aside [--agent A] [--limit N]            what is on hold or snoozed, the longest first\n"
     "claim [QUEUE] --agent A                  takes what is most urgent for the agent\n"
     "claim --item ITEM --agent A [--force]    takes this one; --force: a supervisor's word, out of other hands, beyond skills\n"
     "accept ITEM --agent A                    answers an offer\n"
     "decline ITEM --agent A [--why TEXT]      the same\n"
     "hold ITEM [--until TIME] [--why TEXT]    waits for the customer\n"
     "snooze ITEM --until TIME [--why TEXT]    until a time (2h, 2026-11-27T18:30Z) or the customer's next message\n"
     "resume ITEM --agent A                    the agent goes on\n"
     "reopen ITEM [--why TEXT]                 what was done waits again\n"
     "done ITEM [--agent A] [--seen N]         ends it; refuses when the customer wrote since the N messages that were seen\n"
     "requeue ITEM [--queue Q] [--agent A] [--by B] [--note TEXT]\n"
     "                                         back with its age; --agent: for this one alone, for a time, then for all\n",
     false, cmd_queue},
    {"agent", "ls | show NAME | set NAME ready|busy|break|away|offline [--why TEXT] [--keep TIME]",
     "agents: who is there, what they have, presence by hand",
     "Offers go to those who are ready. What is set by hand stays until it is set again, or the agent's own program says\n"
     "otherwise; with --keep 8h they are offline after that time.\n", false, cmd_agent},
    {"why", "ITEM [--all] [--numbers]", "why was it offered to whom it was, why does it wait",
     "ITEM may also be a conversation or the reference a customer was told. --all: every offer of it, not only the last.\n"
     "--numbers: all that the decision rests on, as tables, and whether it follows from them.\n", false, cmd_why},
    {"dispatch", "try --channel C [--from ADDRESS] [--to ADDRESS]... [--subject S] [--text T] [--language L] [--numbers] | "
                 "try --event FILE [--numbers]", "this message now: which queue, who, when",
     "Sends and writes nothing. --event: a message as `deskbell events` prints it, \"-\" for standard input.\n", false,
     cmd_dispatch},
    {"customer", "import FILE.csv|FILE.jsonl | show ADDRESS", "customers and what is known of them",
     "Columns: id, name, email, phone, tags, value, language; all others go into the profile. Several addresses in one\n"
     "field are separated by ';'. A second import of the same address updates the same customer.\n", false, cmd_customer},
    {"conversation", "show ID | split ID --at EVENT | move EVENT --to ID | merge ID --into ID [--by NAME]",
     "conversations: see, put together, take apart",
     "split: what came with EVENT and after it becomes a conversation of its own; of a merged conversation (without --at)\n"
     "it undoes the merge. move: one message, by its id or cursor. merge: all of it; answers to either land in the\n"
     "second from then on. --by says who decided; all of it is in the journal. ID may be the customer's reference.\n",
     false, cmd_conversation},
    {"desk", "check FILE | apply FILE | export [FILE] [--version-of N] | versions | diff VERSION [VERSION] | "
             "rollback VERSION", "the desk definition: queues, agents, skills, rules, templates",
     "check says what is wrong with line and column, and as \"alarm\" where work items would wait for nobody. apply checks\n"
     "and makes it the next version. diff shows what changed, to the one in force when only one is given. rollback makes\n"
     "an old document the next version, after the same checks.\n",
     false, cmd_desk},
    {"simulate", "--from EVENTS|-|journal --desk NEW [--against OLD] [--since DURATION]",
     "a week's events played again on a changed desk definition",
     "EVENTS is what `deskbell events` printed; journal is read where it is, --since 7d of it. What came is played on OLD, else\n"
     "the desk definition in force, and on NEW, with the same arrivals and handling times, and the difference is told: answered\n"
     "in time, waiting, load, with what of it may be chance. Nothing is changed. See docs/ROUTING.md.\n", false, cmd_simulate},
    {"template", "check FILE | preview FILE TEMPLATE [--set NAME=VALUE]... [--language L] [--at TIME] [--typed]",
     "texts of acknowledgements: what is wrong, what they look like",
     "FILE is a desk definition. check also tells what is only worth knowing: variables without default, templates that\n"
     "never have their turn, customers for whom there is none, an SMS in too many parts. With --dir or --config it knows the\n"
     "channels. preview shows one with sample values, or those of --set (\"--set answer_time=\" for none), as of TIME\n"
     "(2026-11-27T18:30Z; default now), with --typed for an address that was only typed in. What would not be sent is exit\n"
     "status 1, with the reason.\n",
     false, cmd_template},
    {"quarantine", "ls | show ID | retry ID | drop ID", "what was accepted and could not be read", NULL, false,
     cmd_quarantine},
    {"mailbox", "ls [NAME] | reconcile [NAME] | rescan NAME", "mailboxes: what the server has, what was stored of it",
     "reconcile compares now and fails when something is missing. rescan reads everything again; nothing is stored twice.\n",
     false, cmd_mailbox},
    {"check", "[--deliver [CHANNEL] [--wait DURATION]]", "the configuration, and every component really reached",
     "With --deliver: one test mail per e-mail channel (or of this one) over the relay to the channel itself. Says what the\n"
     "relay answered, whether and when it came back, and what was left of it. --wait: at most so long for each, 60s.\n",
     false, cmd_check},
    {"send", "--channel C --from ADDRESS --text TEXT [--subject S] [--name N] [--id ID]", "a hand-made event",
     "Goes the way of every event: spool, link, router. The same --id sent twice is one event.\n", false, cmd_send},
    {"reply", "CONVERSATION --text TEXT|--text-file FILE [--subject S] [--html FILE] [--attach FILE]... [--cc ADDRESS]... "
              "[--agent A] [--hold DURATION] [--key KEY] [--channel C] [--dry-run]", "answers the customer's latest message",
     "CONVERSATION may also be a work item, or the reference the customer was told. Goes to whom wrote last, over the channel\n"
     "they used. The same --key creates one reply, however often it is tried. --hold keeps it back for a time, in which\n"
     "`deskbell outbox cancel` still stops it. --dry-run shows it, for SMS with its parts, and sends nothing.\n",
     false, cmd_reply},
    {"outbox", "ls [--state S] [--channel C] [--by destination] [--limit N] | show ID | hold|release|retry|cancel ID... "
               "[--agent A] [--reason WORDS] | flush [CHANNEL]", "what goes out: see, keep back, try again, stop",
     "ls shows what is not over yet; --state failed or suppressed what did not get through. --by destination counts by age\n"
     "and by where it goes. flush tries everything that was put off now.\n", false, cmd_outbox},
    {"ack", "try FILE.eml... [--desk FILE] [--channel C] [--from ADDRESS] [--queue Q] [--language L]",
     "would a mail be acknowledged, why, and with what", "Asks nobody and sends nothing. Without --desk: by the desk definition in force. --from: the return path; \"\" is the\n"
     "null path; without it what the mail says itself. As if the mail began a conversation; limits on how many go out\n"
     "are not asked.\n", false, cmd_ack},
    {"token", "ls | new NAME [--supervisor|--operator] | revoke NAME|ID", "who may call the agents' API",
     "new prints a token, once: what is stored is its SHA-256. Whoever has it acts as the agent of this name; a\n"
     "supervisor sees all and may take over; an operator reads and changes the desk definition, and nothing else. revoke takes\n"
     "all tokens of a name, or one by its id of `ls`; it counts at once.\n", false, cmd_token},
    {"exec-child", "[--lock FILE] -- PROGRAM [ARGUMENT...]", "run a program that ends with its parent", NULL, true,
     cmd_exec_child},
};

const struct ctl_command *ctl_commands(size_t *ret_count) {
  *ret_count = sizeof(commands) / sizeof(commands[0]);
  return commands;
}
