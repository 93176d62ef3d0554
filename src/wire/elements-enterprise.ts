/**
 * Information elements that vendors defined, by private enterprise number (https://www.iana.org/assignments/enterprise-numbers)
 * and type: `id:name`, from the vendors' published export formats. 9 Cisco, 637 Nokia, 3054 Ixia, 5951 NetScaler, 6871 CERT
 * (YAF), 6876 VMware, 9789 AFC, 10704 Barracuda, 15397 Procera, 21373 ipt_NETFLOW, 35632 ntop, 41916 Viptela.
 */
export const ENTERPRISE_ELEMENTS = {
  9: {
    unsigned: `
      4315:tcpWindowSizeMin 4316:tcpWindowSizeMax 4318:tcpMaximumSegmentSize 4324:tcpWindowSizeSum 8337:serverBytesNetwork
      8338:clientBytesNetwork 9252:servicesWaasSegment 9253:servicesWaasPassThroughReason 9267:clientRetransBytes
      9268:clientRetransPackets 9269:serverRetransBytes 9270:serverRetransPackets 9272:transactionCountDelta
      9273:sumTransactionTime 9274:maxTransactionTime 9275:minTransactionTime 9292:numRespsCountDelta
      9293:numResps1CountDelta 9294:numResps2CountDelta 9295:numResps3CountDelta 9296:numResps4CountDelta
      9297:numResps5CountDelta 9298:numResps6CountDelta 9299:numResps7CountDelta 9300:numLateRespsCountDelta
      9303:sumRespTime 9304:maxRespTime 9305:minRespTime 9306:sumServerRespTime 9307:maxServerRespTime
      9308:minServerRespTime 9309:sumTotalRespTime 9310:maxTotalRespTime 9311:minTotalRespTime 9313:sumNwkTime
      9314:maxNwkTime 9315:minNwkTime 9316:sumClientNwkTime 9317:maxClientNwkTime 9318:minClientNwkTime
      9319:sumServerNwkTime 9320:maxServerNwkTime 9321:minServerNwkTime 9360:policyQosQueueID 9361:policyQosQueueDrop
      12240:clientTransportPort 12241:serverTransportPort 12242:connectionId`,
    string: `
      9357:appHTTPUriStatistics 12232:appCategoryName 12233:appSubCategoryName 12234:appGroupName 12235:appHTTPHost
      12244:appBusiness`,
    ipv4: `
      12236:clientIPv4Address 12237:serverIPv4Address`,
    ipv6: `
      12238:clientIPv6Address 12239:serverIPv6Address`,
    octets: `
      8232:classHierarchy`,
  },
  637: {
    unsigned: `
      91:natInsideSvcid 92:natOutsideSvcid`,
    string: `
      93:natSubString`,
  },
  3054: {
    string: `
      111:ixiaL7AppName 120:ixiaSrcCountryCode 121:ixiaSrcCountryName 122:ixiaSrcRegionCode 123:ixiaSrcRegionName
      125:ixiaSrcCityName 140:ixiaDstCountryCode 141:ixiaDstCountryName 142:ixiaDstRegionCode 143:ixiaDstRegionNode
      145:ixiaDstCityName 161:ixiaDeviceName 163:ixiaBrowserName 178:ixiaEncryptType 179:ixiaEncryptCipher
      181:ixiaImsiSubscriber 182:ixiaHttpUserAgent 183:ixiaHttpHostName 184:ixiaHttpUri 185:ixiaDnsRecordTxt
      186:ixiaSrcAsName 187:ixiaDstAsName 189:ixiaDnsQuery 190:ixiaDnsAnswer 191:ixiaDnsClasses 192:ixiaThreatType`,
    unsigned: `
      110:ixiaL7AppId 160:ixiaDeviceId 162:ixiaBrowserId 176:ixiaRevOctetDeltaCount 177:ixiaRevPacketDeltaCount
      180:ixiaEncryptKeyLength 188:ixiaLatency`,
    float: `
      126:ixiaSrcLatitude 127:ixiaSrcLongitude 146:ixiaDstLatitude 147:ixiaDstLongitude`,
    ipv4: `
      193:ixiaThreatIPv4 194:ixiaThreatIPv6`,
  },
  5951: {
    unsigned: `
      128:netscalerRoundTripTime 129:netscalerTransactionId 132:netscalerFlowFlags 133:netscalerConnectionId
      134:netscalerSyslogPriority 136:netscalerSyslogTimestamp 144:netscalerHttpRspStatus 145:netscalerHttpRspLen
      146:netscalerServerTTFB 147:netscalerServerTTLB 150:netscalerAppNameIncarnationNumber 151:netscalerAppNameAppId
      153:netscalerHttpReqRcvFB 156:netscalerHttpReqForwFB 157:netscalerHttpResRcvFB 158:netscalerHttpResForwFB
      159:netscalerHttpReqRcvLB 160:netscalerHttpReqForwLB 161:netscalerMainPageId 162:netscalerMainPageCoreId
      169:netscalerHttpResRcvLB 170:netscalerHttpResForwLB 171:netscalerAppUnitNameAppId 172:netscalerDbLoginFlags
      173:netscalerDbReqType 174:netscalerDbProtocolName 180:netscalerDbRespStatus 181:netscalerDbRespLength
      182:netscalerClientRTT 193:netscalerConnectionChainHopCount 202:netscalerIcaClientType
      208:netscalerIcaClientLauncher 209:netscalerIcaSessionSetupTime 214:netscalerIcaSessionReconnects
      215:netscalerIcaRTT 216:netscalerIcaClientsideRXBytes 217:netscalerIcaClientsideTXBytes
      219:netscalerIcaClientsidePacketsRetransmit 220:netscalerIcaServersidePacketsRetransmit
      221:netscalerIcaClientsideRTT 222:netscalerIcaServersideRTT 223:netscalerIcaSessionUpdateBeginSec
      224:netscalerIcaSessionUpdateEndSec 225:netscalerIcaChannelId1 226:netscalerIcaChannelId1Bytes
      227:netscalerIcaChannelId2 228:netscalerIcaChannelId2Bytes 229:netscalerIcaChannelId3
      230:netscalerIcaChannelId3Bytes 231:netscalerIcaChannelId4 232:netscalerIcaChannelId4Bytes
      233:netscalerIcaChannelId5 234:netscalerIcaChannelId5Bytes 235:netscalerIcaConnectionPriority
      236:netscalerApplicationStartupDuration 237:netscalerIcaLaunchMechanism 239:netscalerApplicationStartupTime
      240:netscalerIcaApplicationTerminationType 241:netscalerIcaApplicationTerminationTime 242:netscalerIcaSessionEndTime
      243:netscalerIcaClientsideJitter 244:netscalerIcaServersideJitter 245:netscalerIcaAppProcessID
      247:netscalerIcaDeviceSerialNo 249:netscalerIcaFlags 251:netscalerLicenseType 252:netscalerMaxLicenseCount
      253:netscalerCurrentLicenseConsumed 254:netscalerIcaNetworkUpdateStartTime 255:netscalerIcaNetworkUpdateEndTime
      256:netscalerIcaClientsideSRTT 257:netscalerIcaServersideSRTT 258:netscalerIcaClientsideDelay
      259:netscalerIcaServersideDelay 260:netscalerIcaHostDelay 261:netscalerIcaClientSideWindowSize
      262:netscalerIcaServerSideWindowSize 263:netscalerIcaClientSideRTOCount 264:netscalerIcaServerSideRTOCount
      265:netscalerIcaL7ClientLatency 266:netscalerIcaL7ServerLatency 268:netscalerCacheRedirClientConnectionCoreID
      269:netscalerCacheRedirClientConnectionTransactionID 270:netscalerUnknown270 271:netscalerUnknown271
      272:netscalerUnknown272 273:netscalerUnknown273 274:netscalerUnknown274 275:netscalerUnknown275
      276:netscalerUnknown276 277:netscalerUnknown277 278:netscalerUnknown278 279:netscalerUnknown279
      280:netscalerUnknown280 281:netscalerUnknown281 282:netscalerUnknown282 283:netscalerUnknown283
      284:netscalerUnknown284 285:netscalerUnknown285 286:netscalerUnknown286 287:netscalerUnknown287
      288:netscalerUnknown288 289:netscalerUnknown289 290:netscalerUnknown290 291:netscalerUnknown291
      292:netscalerUnknown292 293:netscalerUnknown293 294:netscalerUnknown294 295:netscalerUnknown295
      296:netscalerUnknown296 297:netscalerUnknown297 298:netscalerUnknown298 299:netscalerUnknown299
      300:netscalerUnknown300 301:netscalerUnknown301 302:netscalerUnknown302 303:netscalerUnknown303
      304:netscalerUnknown304 305:netscalerUnknown305 306:netscalerUnknown306 307:netscalerUnknown307
      308:netscalerUnknown308 309:netscalerUnknown309 310:netscalerUnknown310 311:netscalerUnknown311
      312:netscalerUnknown312 313:netscalerUnknown313 314:netscalerUnknown314 315:netscalerUnknown315
      317:netscalerUnknown317 318:netscalerUnknown318 320:netscalerUnknown320 321:netscalerUnknown321
      322:netscalerUnknown322 323:netscalerUnknown323 324:netscalerUnknown324 325:netscalerUnknown325
      326:netscalerUnknown326 327:netscalerUnknown327 328:netscalerUnknown328 329:netscalerUnknown329
      330:netscalerUnknown330 331:netscalerUnknown331 332:netscalerUnknown332 335:netscalerUnknown335
      336:netscalerUnknown336 337:netscalerUnknown337 338:netscalerUnknown338 339:netscalerUnknown339
      340:netscalerUnknown340 341:netscalerUnknown341 342:netscalerUnknown342 343:netscalerUnknown343
      344:netscalerUnknown344 345:netscalerUnknown345 346:netscalerUnknown346 347:netscalerUnknown347
      348:netscalerUnknown348 352:netscalerUnknown352 353:netscalerUnknown353 354:netscalerUnknown354
      355:netscalerUnknown355 356:netscalerUnknown356 357:netscalerUnknown357 358:netscalerUnknown358
      359:netscalerUnknown359 360:netscalerUnknown360 362:netscalerUnknown362 364:netscalerUnknown364
      365:netscalerUnknown365 366:netscalerUnknown366 377:netscalerUnknown377 380:netscalerUnknown380
      388:netscalerUnknown388 391:netscalerUnknown391 392:netscalerUnknown392 393:netscalerUnknown393
      394:netscalerUnknown394 398:netscalerUnknown398 399:netscalerUnknown399 400:netscalerUnknown400
      401:netscalerUnknown401 402:netscalerUnknown402 403:netscalerUnknown403 404:netscalerUnknown404
      405:netscalerUnknown405 408:netscalerUnknown408 427:netscalerUnknown427 429:netscalerUnknown429
      432:netscalerUnknown432 433:netscalerUnknown433 434:netscalerUnknown434 435:netscalerUnknown435
      447:netscalerUnknown447 448:netscalerUnknown448 451:netscalerUnknown451 452:netscalerUnknown452
      453:netscalerUnknown453 455:netscalerUnknown455 458:netscalerUnknown458 459:netscalerUnknown459
      460:netscalerUnknown460 461:netscalerUnknown461 463:netscalerUnknown463 464:netscalerUnknown464
      465:netscalerUnknown465 466:netscalerUnknown466 467:netscalerUnknown467 468:netscalerUnknown468
      476:netscalerUnknown476 477:netscalerUnknown477 478:netscalerUnknown478 480:netscalerUnknown480
      481:netscalerUnknown481 487:netscalerUnknown487 488:netscalerUnknown488 489:netscalerUnknown489
      491:netscalerUnknown491 492:netscalerUnknown492 493:netscalerUnknown493 494:netscalerUnknown494
      507:netscalerUnknown507 508:netscalerUnknown508 509:netscalerUnknown509 510:netscalerUnknown510
      511:netscalerUnknown511 512:netscalerUnknown512 513:netscalerUnknown513 514:netscalerUnknown514
      518:netscalerUnknown518 519:netscalerUnknown519 520:netscalerUnknown520 521:netscalerUnknown521
      522:netscalerUnknown522 523:netscalerUnknown523 532:netscalerUnknown532 533:netscalerUnknown533
      534:netscalerUnknown534 535:netscalerUnknown535 536:netscalerUnknown536 537:netscalerUnknown537
      538:netscalerUnknown538 541:netscalerUnknown541`,
    string: `
      130:netscalerHttpReqUrl 131:netscalerHttpReqCookie 135:netscalerSyslogMessage 140:netscalerHttpReqReferer
      141:netscalerHttpReqMethod 142:netscalerHttpReqHost 143:netscalerHttpReqUserAgent 152:netscalerAppName
      163:netscalerHttpClientInteractionStartTime 164:netscalerHttpClientRenderEndTime
      165:netscalerHttpClientRenderStartTime 167:netscalerAppTemplateName 168:netscalerHttpClientInteractionEndTime
      175:netscalerDbUserName 176:netscalerDbDatabaseName 177:netscalerDbCltHostName 178:netscalerDbReqString
      179:netscalerDbRespStatusString 183:netscalerHttpContentType 185:netscalerHttpReqAuthorization
      186:netscalerHttpReqVia 187:netscalerHttpResLocation 188:netscalerHttpResSetCookie 189:netscalerHttpResSetCookie2
      190:netscalerHttpReqXForwardedFor 201:netscaleIcaClientVersion 204:netscalerIcaClientHostName
      205:netscalerAaaUsername 207:netscalerIcaDomainName 210:netscalerIcaServerName 238:netscalerIcaApplicationName
      246:netscalerIcaAppModulePath 250:netscalerIcaUsername 267:netscalerHttpDomainName 316:netscalerUnknown316
      319:netscalerUnknown319 333:netscalerUnknown333 334:netscalerUnknown334 349:netscalerUnknown349
      350:netscalerUnknown350 351:netscalerUnknown351 386:netscalerUnknown386 387:netscalerUnknown387
      389:netscalerUnknown389 475:netscalerUnknown475 479:netscalerUnknown479`,
    octets: `
      192:netscalerConnectionChainID 200:netscalerICASessionGuid 248:netscalerMsiClientCookie 361:netscalerUnknown361
      363:netscalerUnknown363 367:netscalerUnknown367 383:netscalerUnknown383 384:netscalerUnknown384
      385:netscalerUnknown385`,
    ipv4: `
      203:netscalerIcaClientIP`,
  },
  6871: {
    string: `
      36:osName 37:osVersion 107:osFingerPrint 110:httpServerString 111:httpUserAgent 112:httpGet 113:httpConnection
      114:httpVersion 115:httpReferer 116:httpLocation 117:httpHost 118:httpContentLength 119:httpAge 120:httpAccept
      121:httpAcceptLanguage 122:httpContentType 123:httpResponse 124:pop3TextMessage 125:ircTextMessage 126:tftpFilename
      127:tftpMode 130:slpString 131:ftpReturn 132:ftpUser 133:ftpPass 134:ftpType 135:ftpRespCode 136:imapCapability
      137:imapLogin 138:imapStartTLS 139:imapAuthenticate 140:imapCommand 141:imapExists 142:imapRecent 143:rtspURL
      144:rtspVersion 145:rtspReturnCode 146:rtspContentLength 147:rtspCommand 148:rtspContentType 149:rtspTransport
      150:rtspCSeq 151:rtspLocation 152:rtspPacketsReceived 153:rtspUserAgent 154:rtspJitter 155:sipInvite 156:sipCommand
      157:sipVia 158:sipMaxForwards 159:sipAddress 160:sipContentLength 161:sipUserAgent 162:smtpHello 163:smtpFrom
      164:smtpTo 165:smtpContentType 166:smtpSubject 167:smtpFilename 168:smtpContentDisposition 169:smtpResponse
      170:smtpEnhanced 171:sshVersion 172:nntpResponse 173:nntpCommand 179:dnsQName 180:dnsCName 182:dnsMXExchange
      183:dnsNSDName 184:dnsPTRDName 191:sslCertIssuerCountryName 192:sslCertIssuerOrgName 193:sslCertIssuerOrgUnitName
      194:sslCertIssuerZipCode 195:sslCertIssuerState 196:sslCertIssuerCommonName 197:sslCertIssuerLocalityName
      198:sslCertIssuerStreetAddress 200:sslCertSubCountryName 201:sslCertSubOrgName 202:sslCertSubOrgUnitName
      203:sslCertSubZipCode 204:sslCertSubState 205:sslCertSubCommonName 206:sslCertSubLocalityName
      207:sslCertSubStreetAddress 208:dnsTXTData 214:dnsSOAMName 215:dnsSOARName 219:dnsSRVTarget 220:httpCookie
      221:httpSetCookie 222:smtpSize 223:mysqlUsername 225:mysqlCommandText 229:dnsSigner 242:dhcpFingerPrint
      243:dhcpVendorCode 247:sslCertValidityNotBefore 248:sslCertValidityNotAfter 251:smtpDate 252:httpAuthorization
      253:httpVia 254:httpX 255:httpExpires 256:httpRefresh 257:httpIMEI 258:httpIMSI 259:httpMSISDN 260:httpSubscriber
      261:httpAcceptCharset 262:httpAcceptEncoding 263:httpAllow 264:httpDate 265:httpExpect 266:httpFrom
      267:httpProxyAuthentication 268:httpUpgrade 269:httpWarning 270:httpDNT 271:httpX 272:httpX 273:httpX 274:httpX
      275:httpX 276:httpLastModified 277:httpContentEncoding 278:httpContentLanguage 279:httpContentLocation 280:httpX
      294:sslServerName 308:sslCertIssuerTitle 310:sslCertIssuerName 312:sslCertIssuerEmailAddress
      314:sslCertIssuerDomainComponent 327:smtpKey 328:smtpValue 329:smtpURL 927:dnsRName 1000:templateName
      1001:templateDescription`,
    octets: `
      18:payload 19:obsoleteReversePayload 38:firstPacketBanner 39:secondPacketBanner 190:sslCertSignature
      230:dnsSignature 231:dnsDigest 232:dnsPublicKey 233:dnsSalt 234:dnsHashData 244:sslCertSerialNumber
      246:sslObjectValue 249:sslPublicKeyAlgorithm 284:dnp3ObjectData 285:modbusData 286:ethernetIPData
      295:sslCertificateHash 296:sslBinaryCertificate 298:sslCertificateSHA1 299:sslCertificateMD5
      316:sslCertExtSubjectKeyIdent 317:sslCertExtKeyUsage 318:sslCertExtPrivKeyUsagePeriod 319:sslCertExtSubjectAltName
      320:sslCertExtIssuerAltName 321:sslCertExtCertIssuer 322:sslCertExtCrlDistribution 323:sslCertExtCertPolicies
      324:sslCertExtAuthorityKeyIdent 325:sslCertExtExtendedKeyUsage 331:smtpResponseList 332:smtpToList 333:smtpFromList
      334:smtpFilenameList 335:smtpURLList 336:smtpMessageList 337:smtpHeaderList 338:httpServerStringList
      339:httpUserAgentList 340:httpGetList 341:httpConnectionList 342:httpVersionList 343:httpRefererList
      344:httpLocationList 345:httpHostList 346:httpContentLengthList 347:httpAgeList 348:httpAcceptList
      349:httpAcceptLanguageList 350:httpContentTypeList 351:httpResponseList 352:pop3TextMessageList
      353:ircTextMessageList 354:slpStringList 355:ftpReturnList 356:ftpUserList 357:ftpPassList 358:ftpTypeList
      359:ftpRespCodeList 360:imapCapabilityList 361:imapLoginList 362:imapStartTLSList 363:imapAuthenticateList
      364:imapCommandList 365:imapExistsList 366:imapRecentList 367:rtspURLList 368:rtspVersionList 369:rtspReturnCodeList
      370:rtspContentLengthList 371:rtspCommandList 372:rtspContentTypeList 373:rtspTransportList 374:rtspCSeqList
      375:rtspLocationList 376:rtspPacketsReceivedList 377:rtspUserAgentList 378:rtspJitterList 379:sipInviteList
      380:sipCommandList 381:sipViaList 382:sipMaxForwardsList 383:sipAddressList 384:sipContentLengthList
      385:sipUserAgentList 386:sshVersionList 387:nntpResponseList 388:nntpCommandList 389:sslCipherList
      390:httpCookieList 391:httpSetCookieList 392:httpAuthorizationList 393:httpViaList 395:httpExpiresList
      396:httpRefreshList 397:httpIMEIList 398:httpIMSIList 399:httpMSISDNList 400:httpSubscriberList
      401:httpAcceptCharsetList 402:httpAllowList 403:httpDateList 404:httpExpectList 405:httpFromList
      406:httpProxyAuthenticationList 407:httpUpgradeList 408:httpWarningList 409:httpDNTList 415:httpLastModifiedList
      416:httpContentEncodingList 417:httpContentLanguageList 418:httpContentLocationList 420:modbusDataList
      422:dhcpOptionList 424:mysqlCommandTextCodeList 425:sslCertList 426:sslIssuerFieldList 427:sslSubjectFieldList
      428:sslExtensionFieldList 429:sslBinaryCertificateList 430:dnp3RecordList 432:yafDPIList 930:observedData`,
    unsigned: `
      12:obsoleteReverseOctetTotalCount 13:obsoleteReversePacketTotalCount 14:initialTCPFlags 15:unionTCPFlags
      16:obsoleteReverseInitialTCPFlags 17:obsoleteReverseUnionTCPFlags 20:obsoleteReverseTcpSequenceNumber
      21:reverseFlowDeltaMilliseconds 29:obsoleteReverseVlanId 30:silkFlowType 31:silkFlowSensor 32:silkTCPState
      33:silkAppLabel 35:payloadEntropy 40:flowAttributes 100:expiredFragmentCount 101:assembledFragmentCount
      102:meanFlowRate 103:meanPacketRate 104:flowTableFlushEventCount 105:flowTablePeakCount 106:yafFlowKeyHash
      128:slpVersion 129:slpMessageType 174:dnsQueryResponse 175:dnsQRType 176:dnsAuthoritative 177:dnsNXDomain
      178:dnsRRSection 181:dnsMXPreference 185:sslCipher 186:sslClientVersion 187:sslServerCipher 188:sslCompressionMethod
      189:sslCertVersion 199:dnsTTL 209:dnsSOASerial 210:dnsSOARefresh 211:dnsSOARetry 212:dnsSOAExpire 213:dnsSOAMinimum
      216:dnsSRVPriority 217:dnsSRVWeight 218:dnsSRVPort 224:mysqlCommandCode 226:dnsID 227:dnsAlgorithm 228:dnsKeyTag
      235:dnsIterations 236:dnsSignatureExpiration 237:dnsSignatureInception 238:dnsDigestType 239:dnsLabels
      240:dnsTypeCovered 241:dnsFlags 245:sslObjectType 250:sslPublicKeyLength 281:dnp3SourceAddress
      282:dnp3DestinationAddress 283:dnp3Function 287:rtpPayloadType 288:sslRecordVersion
      289:mptcpInitialDataSequenceNumber 290:mptcpReceiverToken 291:mptcpMaximumSegmentSize 292:mptcpAddressID
      293:mptcpFlags 297:dhcpOption 300:nDPIL7Protocol 301:nDPIL7SubProtocol 326:smtpStartTLS 330:smtpMessageSize
      500:smallPacketCount 501:nonEmptyPacketCount 502:dataByteCount 503:averageInterarrivalTime
      504:standardDeviationInterarrivalTime 505:firstNonEmptyPacketSize 506:maxPacketSize
      507:firstEightNonEmptyPacketDirections 508:standardDeviationPayloadLength 509:tcpUrgentCount 510:largePacketCount
      550:tombstoneId 551:exporterConfiguredId 552:exporterUniqueId 553:certToolId 928:dnsHitCount
      929:observedDataTotalCount`,
    ipv4: `
      302:dnsA`,
    ipv6: `
      303:dnsAAAA`,
  },
  6876: {
    unsigned: `
      880:tenantProtocol 886:tenantSourcePort 887:tenantDestPort 888:egressInterfaceAttr 889:vxlanExportRole
      890:ingressInterfaceAttr`,
    ipv4: `
      881:tenantSourceIPv4 882:tenantDestIPv4`,
    ipv6: `
      883:tenantSourceIPv6 884:tenantDestIPv6`,
  },
  9789: {
    unsigned: `
      1:afcProtocol 4:flowDirection`,
    string: `
      2:afcProtocolName`,
  },
  10704: {
    unsigned: `
      1:barracudaTimestamp 2:barracudaLogOp 3:barracudaTrafficType 6:barracudaReason 9:barracudaBindTransportPort 11:barracudaConnTransportPort 12:barracudaAuditCounter`,
    string: `
      4:barracudaFWRule 5:barracudaServiceName 7:barracudaReasonText`,
    ipv4: `
      8:barracudaBindIPv4Address 10:barracudaConnIPv4Address`,
  },
  15397: {
    unsigned: `
      3:proceraIncomingOctets 4:proceraOutgoingOctets 5:proceraIncomingPackets 6:proceraOutgoingPackets
      7:proceraIncomingShapingLatency 8:proceraOutgoingShapingLatency 9:proceraIncomingShapingDrops
      10:proceraOutgoingShapingDrops 24:proceraHttpResponseStatus 25:proceraHttpFileLength 29:proceraMsisdn 30:proceraImsi
      32:proceraDeviceId 34:proceraRnc 49:proceraIncomingDscp 50:proceraOutgoingDscp 51:proceraIncomingDot1qVlanIdLevel1
      52:proceraIncomingDot1qVlanIdLevel2 53:proceraIncomingDot1qVlanIdLevel3 54:proceraIncomingDot1qVlanIdLevel4
      55:proceraOutgoingDot1qVlanIdLevel1 56:proceraOutgoingDot1qVlanIdLevel2 57:proceraOutgoingDot1qVlanIdLevel3
      58:proceraOutgoingDot1qVlanIdLevel4`,
    string: `
      1:proceraService 2:proceraBaseService 15:proceraFlowBehavior 16:proceraContentCategories 17:proceraProperty
      18:proceraServerHostname 19:proceraHttpRequestMethod 20:proceraHttpUserAgent 21:proceraHttpContentType
      22:proceraHttpUrl 23:proceraHttpReferer 26:proceraHttpLocation 27:proceraHttpLanguage 28:proceraSubscriberIdentifier
      31:proceraRat 33:proceraSgsn 35:proceraApn 36:proceraUserLocationInformation 37:proceraGgsn
      46:proceraHttpRequestVersion 47:proceraTemplateName 69:proceraServiceObject 70:proceraRemoteGeoIP`,
    signed: `
      11:proceraInternalRtt 12:proceraExternalRtt 59:proceraIncomingDot1qPriorityLevel1
      60:proceraIncomingDot1qPriorityLevel2 61:proceraIncomingDot1qPriorityLevel3 62:proceraIncomingDot1qPriorityLevel4
      63:proceraOutgoingDot1qPriorityLevel1 64:proceraOutgoingDot1qPriorityLevel2 65:proceraOutgoingDot1qPriorityLevel3
      66:proceraOutgoingDot1qPriorityLevel4 67:proceraInternalJitter`,
    float: `
      38:proceraQoeIncomingInternal 39:proceraQoeIncomingExternal 40:proceraQoeOutgoingInternal
      41:proceraQoeOutgoingExternal`,
    ipv4: `
      42:proceraLocalIPv4Host 44:proceraRemoteIPv4Host`,
    ipv6: `
      43:proceraLocalIPv6Host 45:proceraRemoteIPv6Host`,
  },
  21373: {
    unsigned: `
      4:mark 6:conntrack_id`,
  },
  41916: {
    unsigned: `
      4321:viptelaVPNId`,
  },
  35632: {
    unsigned: `
      80:ntopSrcFragments 81:ntopDstFragments 98:ntopCumulativeIcmpType 105:ntopFlowProtoPort 108:ntopLongestFlowPkt
      109:ntopRetransmittedInPkts 110:ntopRetransmittedOutPkts 111:ntopOutOfOrderInPkts 112:ntopOutOfOrderOutPkts
      118:ntopL7Proto 123:ntopClientNwLatencyMs 124:ntopServerNwLatencyMs 125:ntopApplLatencyMs
      127:ntopRetransmittedInBytes 128:ntopRetransmittedOutBytes 181:ntopHttpRetCode 206:ntopDnsQueryId
      207:ntopDnsQueryType 208:ntopDnsRetCode 209:ntopDnsNumAnswers 352:ntopDnsTtlAnswer 493:ntopTlsCipher
      494:ntopTlsUnsafeCipher 495:ntopTlsVersion`,
    string: `
      101:ntopSrcIpCountry 102:ntopSrcIpCity 103:ntopDstIpCountry 104:ntopDstIpCity 119:ntopL7ProtoName 180:ntopHttpUrl
      182:ntopHttpReferer 183:ntopHttpUa 184:ntopHttpMime 187:ntopHttpHost 188:ntopTlsServerName 205:ntopDnsQuery
      360:ntopHttpMethod 361:ntopHttpSite 398:ntopDnsResponse 460:ntopHttpXForwardedFor 461:ntopHttpVia 489:ntopJa3cHash
      490:ntopJa3sHash`,
  },
} as const;

/** Elements without an enterprise number that only NetFlow v9 exporters send: Cisco ASA, Palo Alto, Streamcore, ntop. */
export const NETFLOW9_ELEMENTS = {
  unsigned: `
    8192:streamcoreWanRtt 8193:streamcoreNetAppRespTime 8194:streamcoreTotalAppRespTime 8195:streamcoreTcpRetransRate
    8196:streamcoreCallDirection 8320:streamcoreMosLq 8321:streamcoreNetDelay 8322:streamcoreNetLoss
    8323:streamcoreNetJitter 8324:streamcoreNetDiscard 8325:streamcoreRtpClockrateIn 8326:streamcoreRtpClockrateOut
    8327:streamcoreCodecIn 8328:streamcoreCodecOut 8384:streamcoreIdRule1 8385:streamcoreIdRule2 8386:streamcoreIdRule3
    8387:streamcoreIdRule4 8388:streamcoreIdRule5 8389:streamcoreIdRule6 8390:streamcoreIdRule7 8391:streamcoreIdRule8
    8392:streamcoreIdRule9 8393:streamcoreIdRule10 20000:wlanId 33002:fwExtEvent 40003:xlateSrcPort 40004:xlateDstPort
    40005:fwEvent 57590:ntopL7Proto`,
  string: `
    8256:streamcoreHostname 8257:streamcoreUrl 8258:streamcoreSslCn 8259:streamcoreSslOrg 40000:username 56701:appId
    56702:userId 57591:ntopL7ProtoName`,
  octets: `33000:ingressAclId 33001:egressAclId`,
  ipv4: `40001:xlateSrcAddrIPv4 40002:xlateDstAddrIPv4`,
} as const;
