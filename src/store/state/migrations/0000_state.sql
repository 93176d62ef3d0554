CREATE SCHEMA IF NOT EXISTS "bonghwa";
--> statement-breakpoint
CREATE TABLE "bonghwa"."attacks" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"version" bigint NOT NULL,
	"target_kind" text NOT NULL,
	"target" text NOT NULL,
	"target_net" "inet",
	"direction" text NOT NULL,
	"vectors" text[] NOT NULL,
	"started_at" timestamp(3) with time zone NOT NULL,
	"detected_at" timestamp(3) with time zone NOT NULL,
	"ended_at" timestamp(3) with time zone,
	"ongoing" boolean NOT NULL,
	"peak_bps" double precision NOT NULL,
	"peak_pps" double precision NOT NULL,
	"attack" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "bonghwa"."blobs" (
	"name" text NOT NULL,
	"part" integer NOT NULL,
	"version" bigint NOT NULL,
	"bytes" "bytea" NOT NULL,
	CONSTRAINT "blobs_name_part_pk" PRIMARY KEY("name","part")
);
--> statement-breakpoint
CREATE TABLE "bonghwa"."exporters" (
	"exporter" text NOT NULL,
	"observation_domain" bigint NOT NULL,
	"protocol" text NOT NULL,
	"version" bigint NOT NULL,
	"last_seen" timestamp(3) with time zone NOT NULL,
	"report" jsonb NOT NULL,
	CONSTRAINT "exporters_exporter_observation_domain_protocol_pk" PRIMARY KEY("exporter","observation_domain","protocol")
);
--> statement-breakpoint
CREATE TABLE "bonghwa"."journals" (
	"journal" text PRIMARY KEY NOT NULL,
	"sequence" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "bonghwa"."settings" (
	"key" text PRIMARY KEY NOT NULL,
	"version" bigint NOT NULL,
	"held" jsonb NOT NULL
);
--> statement-breakpoint
CREATE INDEX "attacks_started" ON "bonghwa"."attacks" USING btree ("started_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "attacks_ended" ON "bonghwa"."attacks" USING btree ("ended_at");--> statement-breakpoint
CREATE INDEX "attacks_target" ON "bonghwa"."attacks" USING btree ("target");--> statement-breakpoint
CREATE INDEX "attacks_target_net" ON "bonghwa"."attacks" USING gist ("target_net" inet_ops);