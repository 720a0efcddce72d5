/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays a script against a session. One step a line:
 *   > select INBOX | examine F | search [A[:B]] | since MS | sizes SET | fetch SET | header SET | mark SET FLAG |
 *     move SET F | create F | status F | list P      a request; they are numbered from 1
 *   C line       the session must say this now
 *   S line       the server says this (CRLF is added); lines that follow each other arrive together, cut anyhow
 *   E event      this must have happened next
 *   T ms         so much time passes; the session is woken when it is due
 *   RESUMED      imap_session_resumed()
 *   LOSE, LOGOUT
 * What the session says and what happens must be exactly what the script has, in that order. "UP" in front stands for
 * the greeting of a server that can do everything, "OLD" for one that can do nothing.
 */
#ifndef TEST_SESSION_PLAY_H
#define TEST_SESSION_PLAY_H

#define UP                                                                                                            \
  "C D1 CAPABILITY\nS * CAPABILITY IMAP4rev1 IDLE UIDPLUS MOVE ESEARCH\nS D1 OK\nE ready idle,uidplus,move,esearch\n"
#define OLD "C D1 CAPABILITY\nS * CAPABILITY IMAP4rev1\nS D1 OK\nE ready\n"
#define SELECTED                                                                                                     \
  "> select INBOX\nC D2 SELECT \"INBOX\"\nS * 9 EXISTS\nS * OK [UIDVALIDITY 3] x\nS * OK [UIDNEXT 10] x\nS D2 OK "   \
  "[READ-WRITE] x\n"                                                                                                 \
  "E done 1 ok [READ-WRITE]: x validity=3 next=10 exists=9\n"

/* In one piece, byte by byte, and in random pieces. */
void session_play(const char *name, const char *script);

#endif
