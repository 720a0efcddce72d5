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
     "Takes the id of an event, conversation or work item, the reference a customer was told, an e-mail address or phone\n"
     "number, a Message-ID, or the id a provider gave.\n", false, cmd_trace},
    {"queue", "ls | show QUEUE [--limit N] | claim QUEUE --agent A | done ITEM [--agent A] [--seen N] | "
              "requeue ITEM [--queue Q]", "agents' queues: see, take, end, put back",
     "done --seen N refuses when the customer has written since the N messages that were seen.\n", false, cmd_queue},
    {"customer", "import FILE.csv|FILE.jsonl | show ADDRESS", "customers and what is known of them",
     "Columns: id, name, email, phone, tags, value, language; all others go into the profile. Several addresses in one\n"
     "field are separated by ';'. A second import of the same address updates the same customer.\n", false, cmd_customer},
    {"desk", "check FILE | apply FILE | export [FILE] [--version-of N]", "the desk definition: queues, agents, skills, rules",
     NULL, false, cmd_desk},
    {"quarantine", "ls | show ID | retry ID | drop ID", "what was accepted and could not be read", NULL, false,
     cmd_quarantine},
    {"mailbox", "ls [NAME] | reconcile [NAME] | rescan NAME", "mailboxes: what the server has, what was stored of it",
     "reconcile compares now and fails when something is missing. rescan reads everything again; nothing is stored twice.\n",
     false, cmd_mailbox},
    {"check", "", "the configuration, and every component really reached", NULL, false, cmd_check},
    {"send", "--channel C --from ADDRESS --text TEXT [--subject S] [--name N] [--id ID]", "a hand-made event",
     "Goes the way of every event: spool, link, router. The same --id sent twice is one event.\n", false, cmd_send},
    {"exec-child", "[--lock FILE] -- PROGRAM [ARGUMENT...]", "run a program that ends with its parent", NULL, true,
     cmd_exec_child},
};

const struct ctl_command *ctl_commands(size_t *ret_count) {
  *ret_count = sizeof(commands) / sizeof(commands[0]);
  return commands;
}
